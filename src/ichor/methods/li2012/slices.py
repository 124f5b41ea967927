"""The gray values of the subarachnoid space, of each slice and of a scan: mean, variance, entropy and energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ichor.methods.classical.head import Head, Mask
from ichor.scan import FloatArray

NAMES = ("mean", "variance", "entropy", "energy")
RANGE_HU = (0.0, 80.0)  # fluid to clotted blood; what is denser is bone that a pixel shares, or calcified
BIN_HU = 4.0
BESIDE_BONE_MM = 2.0  # as near to the inner table, bone brightens pixels
LEAST_MM2 = 100.0  # a slice that shows less of the space is not judged


@dataclass(frozen=True, eq=False)
class Features:
    """The features (in the order of `NAMES`) of the space, in HU, HU squared, bits, and of shares.

    Attributes:
        slices: (n, 4) of each slice; 0 where it shows too little of the space.
        enough: (n,) which slices show enough of it.
        scan: (4,) of all these slices together; 0 if there are none.
    """

    slices: FloatArray
    enough: Mask
    scan: FloatArray

    @classmethod
    def of(cls, head: Head, space: Mask) -> Self:
        """Measure a head whose subarachnoid space (n, rows, columns) is known."""
        judged = space & (head.depth_mm > BESIDE_BONE_MM) & (head.hu <= RANGE_HU[1])
        enough = np.asarray(np.count_nonzero(judged, axis=(1, 2)) * head.pixel_mm**2 >= LEAST_MM2)
        slices = np.zeros((len(space), len(NAMES)))
        for k in np.flatnonzero(enough):
            slices[k] = _measured(head.hu[k][judged[k]])
        scan = _measured(head.hu[enough][judged[enough]]) if enough.any() else np.zeros(len(NAMES))
        return cls(slices, enough, scan)


def heights_mm(head: Head) -> FloatArray:
    """(n,) the height of each slice above the lowest."""
    heights = head.heights_mm
    return np.asarray(np.r_[0, np.cumsum((heights[:-1] + heights[1:]) / 2)], np.float64)


def _measured(values: NDArray[np.float32]) -> FloatArray:
    """(4,) mean, variance, entropy and energy of some HU, the last two of their histogram."""
    low, high = RANGE_HU
    hu = np.clip(values, low, high).astype(np.float64)
    share = np.bincount(((hu - low) / BIN_HU).astype(int)) / len(hu)
    entropy = -np.sum(share * np.log2(np.maximum(share, 1e-12)))
    return np.array([hu.mean(), hu.var(), entropy, np.sum(share**2)])
