"""The gray values of the subarachnoid space of each slice: mean, variance, entropy and energy."""

from __future__ import annotations

import numpy as np

from ichor.methods.classical.head import Head, Mask
from ichor.scan import FloatArray

NAMES = ("mean", "variance", "entropy", "energy")
RANGE_HU = (0.0, 100.0)
BIN_HU = 4.0
BESIDE_BONE_MM = 2.0  # as near to the inner table, bone brightens pixels
LEAST_MM2 = 100.0  # a slice that shows less of the space is not judged


def heights_mm(head: Head) -> FloatArray:
    """(n,) the height of each slice above the lowest."""
    heights = head.heights_mm
    return np.asarray(np.r_[0, np.cumsum((heights[:-1] + heights[1:]) / 2)], np.float64)


def slice_features(head: Head, space: Mask) -> tuple[FloatArray, Mask]:
    """(n, 4) the features of each slice, of HU, bits and shares; and (n,) which slices show enough of the space.

    The others have features of 0. Entropy and energy are those of the histogram.
    """
    low, high = RANGE_HU
    judged = space & (head.depth_mm > BESIDE_BONE_MM)
    features = np.zeros((len(space), len(NAMES)))
    enough = np.count_nonzero(judged, axis=(1, 2)) * head.pixel_mm**2 >= LEAST_MM2
    for k in np.flatnonzero(enough):
        hu = np.clip(head.hu[k][judged[k]], low, high).astype(np.float64)
        share = np.bincount(((hu - low) / BIN_HU).astype(int)) / len(hu)
        entropy = -float(np.sum(share * np.log2(np.maximum(share, 1e-12))))
        features[k] = hu.mean(), hu.var(), entropy, float(np.sum(share**2))
    return features, np.asarray(enough)
