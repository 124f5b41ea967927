"""Finds out whether a subject's bone-window images show the same slices as the brain-window images.

The skull is visible in both windows. If the images belong together, the skull of each slice is at the same position.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Grays above which a pixel is denser than about 100 HU: the brain window (40/120) is white there.
_BRAIN_ABOVE, _BONE_ABOVE = 250, 85
_SAMPLING = 4  # every fourth row and column; enough to compare skulls
_BLOCK = 5  # sampled pixels; the fraction of skull is compared in blocks of this size
_MAX_OFFSET = 3
_MIN_SLICES = 5
# How much higher the correlation has to be than at offset 0. On ct-ich 1.0.0 it is above 0.9 at offset 0 and lower by
# more than this at all others; in subject 081 it is low at offset 0, and near 1 at offset 2.
_MIN_DIFFERENCE = 0.1

Fractions = NDArray[np.float64]


class Skulls:
    """The skull of each slice in both windows, at low resolution."""

    def __init__(self) -> None:
        self._brain: dict[int, Fractions] = {}
        self._bone: dict[int, Fractions] = {}

    def add_brain(self, k: int, gray: NDArray[np.uint8]) -> None:
        """Add slice k in the brain window, (rows, columns)."""
        self._brain[k] = _skull_fractions(gray, _BRAIN_ABOVE)

    def add_bone(self, k: int, gray: NDArray[np.uint8]) -> None:
        """Add slice k in the bone window, (rows, columns)."""
        self._bone[k] = _skull_fractions(gray, _BONE_ABOVE)

    def offset(self) -> int:
        """The d for which bone image k + d shows the slice of brain image k; 0 unless another is clearly better."""
        at_zero = self._correlation(0)
        if at_zero > 1 - _MIN_DIFFERENCE:
            return 0  # no other correlation can be clearly higher
        correlations = {d: self._correlation(d) for d in range(-_MAX_OFFSET, _MAX_OFFSET + 1)}
        best = max(correlations, key=lambda d: (correlations[d], -abs(d)))
        return best if correlations[best] > at_zero + _MIN_DIFFERENCE else 0

    def _correlation(self, offset: int) -> float:
        """Pearson's correlation over all blocks of all slices in both windows; -1 if there are too few."""
        both = [k for k in self._brain if k + offset in self._bone]
        if len(both) < _MIN_SLICES:
            return -1
        brain = np.concatenate([self._brain[k] for k in both])
        bone = np.concatenate([self._bone[k + offset] for k in both])
        if brain.std() == 0 or bone.std() == 0:
            return -1
        return float(np.corrcoef(brain, bone)[0, 1])


def _skull_fractions(gray: NDArray[np.uint8], above: int) -> Fractions:
    skull = gray[::_SAMPLING, ::_SAMPLING] > above
    rows, columns = (length // _BLOCK for length in skull.shape)
    blocks = skull[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float64).ravel()
