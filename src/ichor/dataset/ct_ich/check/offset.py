"""Whether a subject's bone-window images show the slices of its brain-window images, seen by the skull in both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Grays above which a pixel is denser than about 100 HU: the brain window (40/120) is white there.
_BRAIN_ABOVE, _BONE_ABOVE = 250, 85
_BLOCK = 20  # pixels; the skull's share of blocks this wide is compared
_FARTHEST = 3
_FEWEST_SLICES = 5
# How far the correlation has to rise above that of the same number. On ct-ich 1.0.0 it is near 1 at the same number and
# falls by more than this one slice off; in subject 081 it is low there, and near 1 two slices off.
_CLEARLY = 0.1

Shares = NDArray[np.float64]


class Skulls:
    """The skull of each slice in both windows, coarsely."""

    def __init__(self) -> None:
        self._brain: dict[int, Shares] = {}
        self._bone: dict[int, Shares] = {}

    def add_brain(self, k: int, gray: NDArray[np.uint8]) -> None:
        """Slice k in the brain window, (rows, columns)."""
        self._brain[k] = _shares(gray > _BRAIN_ABOVE)

    def add_bone(self, k: int, gray: NDArray[np.uint8]) -> None:
        """Slice k in the bone window, (rows, columns)."""
        self._bone[k] = _shares(gray > _BONE_ABOVE)

    def offset(self) -> int:
        """d where bone image k + d shows the slice of brain image k; 0 where nothing else is clearly so."""
        correlations = {d: self._correlation(d) for d in range(-_FARTHEST, _FARTHEST + 1)}
        best = max(correlations, key=lambda d: (correlations[d], -abs(d)))
        return best if correlations[best] > correlations[0] + _CLEARLY else 0

    def _correlation(self, offset: int) -> float:
        """Pearson's, over all blocks of all slices that are in both windows; -1 where there is nothing to compare."""
        both = [k for k in self._brain if k + offset in self._bone]
        if len(both) < _FEWEST_SLICES:
            return -1
        brain = np.concatenate([self._brain[k] for k in both])
        bone = np.concatenate([self._bone[k + offset] for k in both])
        if brain.std() == 0 or bone.std() == 0:
            return -1
        return float(np.corrcoef(brain, bone)[0, 1])


def _shares(skull: NDArray[np.bool_]) -> Shares:
    rows, columns = (length // _BLOCK for length in skull.shape)
    blocks = skull[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float64).ravel()
