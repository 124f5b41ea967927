"""Outlines of marked pixels, for pictures."""

from __future__ import annotations

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray


def contours(marked: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """The closed contours of marked pixels (rows, columns), each (m, 2) as x, y; pixel (0, 0) is the square 0 to 1."""
    lines = contour_generator(z=np.pad(marked.astype(np.float32), 1)).lines(0.5)
    return [np.asarray(line, np.float64)[:-1] - 0.5 for line in lines]  # from the center of the first padded pixel
