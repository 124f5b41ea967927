"""The paper's two morphological operations on a mask (section 5; sizes from the authors' released code)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

CLOSING = 10
OPENING = 5


def close_then_open(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill gaps with a 10x10 square, then drop what a 5x5 square does not fit into; mask (n, rows, columns)."""
    # The border is padded: closing must not eat away what touches it.
    padded = np.pad(mask, ((0, 0), (CLOSING, CLOSING), (CLOSING, CLOSING)))
    closed = ndimage.binary_closing(padded, np.ones((1, CLOSING, CLOSING), bool))
    opened = ndimage.binary_opening(closed, np.ones((1, OPENING, OPENING), bool))
    return np.asarray(opened[:, CLOSING:-CLOSING, CLOSING:-CLOSING])
