"""ct-ich and datasets in its layout: content, integrity, and information about the releases."""

from ichor.dataset.ct_ich.dataset import DEMONSTRATION_SUBJECT, CtIch

__all__ = ["DEMONSTRATION_SUBJECT", "CtIch"]
