"""ct-ich, and every dataset in its layout: what is in it, whether it is whole, and what is known of the releases."""

from ichor.dataset.ct_ich.dataset import DEMONSTRATION_SUBJECT, CtIch

__all__ = ["DEMONSTRATION_SUBJECT", "CtIch"]
