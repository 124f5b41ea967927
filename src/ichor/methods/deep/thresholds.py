"""Chooses the thresholds of slices and voxels on validation subjects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ichor.evaluate.detection import roc_curve
from ichor.evaluate.overlap import Overlaps, subject_averages
from ichor.methods.deep.prepared import Prepared

VOXEL_THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def auc_of(truth: ArrayLike, probability: ArrayLike) -> float | None:
    """The area under the ROC curve; None if one class is missing."""
    truth = np.asarray(truth, bool)
    if truth.all() or not truth.any():
        return None
    return float(roc_curve(truth, np.asarray(probability, np.float64)).auc)


def slice_threshold(truth: ArrayLike, probability: ArrayLike) -> float:
    """The probability with the best mean of sensitivity and specificity; 0.5 if one class is missing."""
    truth, found = np.asarray(truth, bool), np.asarray(probability, np.float64)
    if truth.all() or not truth.any():
        return 0.5
    tried = np.unique(found)
    middles = (tried[:-1] + tried[1:]) / 2 if len(tried) > 1 else tried
    accuracy = [(found[truth] >= t).mean() + (found[~truth] < t).mean() for t in middles]
    return float(middles[int(np.argmax(accuracy))])


class DiceByThreshold:
    """The mean Dice of subjects at each of `VOXEL_THRESHOLDS`, over slices with hemorrhage as in the paper."""

    def __init__(self) -> None:
        self._overlaps: list[dict[str, Overlaps]] = [{} for _ in VOXEL_THRESHOLDS]
        self._excluded: list[str] = []

    def add(self, case: Prepared, probability: NDArray[np.float32]) -> None:
        """Count a case's voxels; `probability` is (n, size, size) in its field."""
        for overlaps, threshold in zip(self._overlaps, VOXEL_THRESHOLDS, strict=True):
            overlaps[case.subject] = Overlaps.of(probability >= threshold, case.mask)
        if case.excluded:
            self._excluded.append(case.subject)

    def best(self) -> tuple[float, float]:
        """The threshold with the highest mean Dice, and that Dice; 0.5 and 0 if nothing overlaps."""
        means = [_mean(overlaps, self._excluded) for overlaps in self._overlaps]
        return (VOXEL_THRESHOLDS[int(np.argmax(means))], max(means)) if max(means) > 0 else (0.5, 0.0)


def _mean(overlaps: dict[str, Overlaps], excluded: Sequence[str]) -> float:
    values = [dice for dice, _ in subject_averages(overlaps, leave_out=excluded).values()]
    return float(np.mean(values)) if values else 0.0
