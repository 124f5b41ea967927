"""ct-ich 1.0.0 fetched from where it is published, or from a mirror, each file checked against its SHA-256."""

from ichor.dataset.ct_ich.download.run import OFFICIAL, Download, Step

__all__ = ["OFFICIAL", "Download", "Step"]
