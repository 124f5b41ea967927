"""Probabilities of slices and of the scan from those that the U-Net gives to single slices.

A hemorrhage spans several slices, so the logits of a slice and its neighbours are averaged. Other than the rescorer,
which is trained on the network's output for its own training scans, where the network is more confident than on new
ones, this has nothing to learn. results/recipe compares the two.
"""

from __future__ import annotations

import numpy as np

from ichor.methods.calibration import expit, logit
from ichor.scan import FloatArray

SMOOTHING_MM = 5.0  # standard deviation of a Gaussian along the head
SCAN_MM = 15.0  # of slices, the most probable ones, over which the scan's logit is averaged


def smoothed(slice_probability: FloatArray, positions_mm: FloatArray, heights_mm: FloatArray) -> FloatArray:
    """(n,) the probabilities of n slices, with logits averaged over each slice's neighbourhood.

    The weights are a Gaussian of the distance to the neighbour, times its height, so that thin slices count less.
    `positions_mm` (n,) are along the head, `heights_mm` (n,) the extent of each slice.
    """
    apart = (positions_mm[:, None] - positions_mm) / SMOOTHING_MM
    weights = np.exp(-(apart**2) / 2) * heights_mm
    return expit(weights @ logit(slice_probability) / weights.sum(axis=1))


def scan_probability(slice_probability: FloatArray, heights_mm: FloatArray) -> float:
    """The scan's probability: that of the mean logit of its most probable slices, `SCAN_MM` of them in all."""
    order = np.argsort(-slice_probability, kind="stable")
    above = np.cumsum(heights_mm[order]) - heights_mm[order]
    weights = np.clip(SCAN_MM - above, 0, heights_mm[order])
    return float(expit(np.average(logit(slice_probability[order]), weights=weights)))
