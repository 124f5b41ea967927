"""The paper's two morphological operations on a mask (section 5; sizes from the authors' released code)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

CLOSING = 10
OPENING = 5


def close_then_open(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close a mask (n, rows, columns) with a 10x10 square, then open it with a 5x5 square."""
    # The border is padded so that closing does not erode what touches it. On 0 and 1, the gray-scale operations give
    # the same result as the binary ones, but are separable and so faster.
    padded = np.pad(mask, ((0, 0), (CLOSING, CLOSING), (CLOSING, CLOSING))).view(np.uint8)
    closed = ndimage.grey_closing(padded, size=(1, CLOSING, CLOSING))
    opened = ndimage.grey_opening(closed, size=(1, OPENING, OPENING))
    return np.asarray(opened[:, CLOSING:-CLOSING, CLOSING:-CLOSING].astype(bool))
