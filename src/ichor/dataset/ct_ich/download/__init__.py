"""Download of ct-ich 1.0.0 from its publisher or a mirror, with each file checked against its SHA-256."""

from ichor.dataset.ct_ich.download.run import OFFICIAL, Download, Step

__all__ = ["OFFICIAL", "Download", "Step"]
