"""Seeds of semi-automatic methods: points that a person marks, here taken from a delineation in a person's stead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Seeds = NDArray[np.int64]  # (S, 3): slice, row and column


def seeds_of(mask: NDArray[np.bool_]) -> Seeds:
    """The innermost pixel of each connected part of a delineation (n, rows, columns) on each slice."""
    found = []
    for number, one in enumerate(mask):
        labels, n = ndimage.label(one, np.ones((3, 3)))
        depth = ndimage.distance_transform_edt(np.pad(one, 1))[1:-1, 1:-1]
        found += [(number, *place) for place in ndimage.maximum_position(depth, labels, np.arange(1, n + 1))]
    return np.array(found, np.int64).reshape(-1, 3)


def drawn(seeds: Seeds, shape: tuple[int, ...], radius: int) -> NDArray[np.bool_]:
    """A mask of `shape` (n, rows, columns) with a disc of `radius` pixels at each seed."""
    mask = np.zeros(shape, bool)
    rows, columns = np.mgrid[: shape[1], : shape[2]]
    for number, row, column in seeds:
        mask[number] |= np.hypot(rows - row, columns - column) <= radius
    return mask
