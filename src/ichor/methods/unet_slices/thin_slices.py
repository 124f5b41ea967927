"""Voxel probabilities of thin slices, averaged over the thickness of the slices that the network was trained on.

Thin slices are noisier, each with noise of its own, so the network marks spots on single ones. Averages of the slices
themselves would be blurred along the head once more, and the network would mark more of them; so its output is
averaged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ichor.scan import FloatArray

THIN = 0.75  # of the thickness in training; thicker slices are left as they are


def averaged_if_thin(
    probability: NDArray[np.float32],
    positions_mm: FloatArray,
    heights_mm: FloatArray,
    thickness_mm: FloatArray | None,
    usual_mm: float,
) -> NDArray[np.float32]:
    """The voxel probabilities (n, rows, columns), averaged over `usual_mm` along the head on slices that are thin.

    `probability` itself if none is. `positions_mm` (n,) are along the head, `heights_mm` (n,) the extent of each slice,
    and `thickness_mm` (n,) that of what it shows, which is more where slices overlap; None if unknown.
    """
    shown_mm = heights_mm if thickness_mm is None else np.maximum(heights_mm, thickness_mm)
    thin = shown_mm < THIN * usual_mm
    if not thin.any():
        return probability
    weights = csr_array(_weights(positions_mm, heights_mm, usual_mm)[thin].astype(np.float32))
    averaged = probability.copy()
    for row in range(probability.shape[1]):  # by rows, to save memory
        averaged[thin, row] = weights @ probability[:, row]
    return averaged


def _weights(positions_mm: FloatArray, heights_mm: FloatArray, usual_mm: float) -> FloatArray:
    """(n, n) the share that each slice has of what lies within `usual_mm` about the middle of each."""
    low, high = positions_mm - heights_mm / 2, positions_mm + heights_mm / 2
    first, last = positions_mm[:, None] - usual_mm / 2, positions_mm[:, None] + usual_mm / 2
    overlap = np.clip(np.minimum(high, last) - np.maximum(low, first), 0, None)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True), np.float64)
