"""Chooses the slice threshold and the voxel threshold for a committee's mean output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.overlap import Overlaps, scan_dice
from ichor.scan import Scan

# Separate from the thresholds of the models, which may change, so that committed simulations stay reproducible. They
# are dense near zero, since the probabilities of these networks are low on unseen subjects.
VOXEL_THRESHOLDS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.07,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
)


# `probability` (n, size, size) and `slice_probability` (n,).
MeanOutput = Mapping[str, NDArray[Any]]


def choose_thresholds(predict: Callable[[Scan], MeanOutput], validation: Sequence[Case]) -> tuple[float, float]:
    """Choose the slice threshold by sensitivity plus specificity, and the voxel threshold by Dice.

    The slice threshold is chosen first, since it determines which slices are empty at any voxel threshold. Dice is the
    mean over the scans with hemorrhage, in 3-D, without those excluded from overlap.
    """
    counts: dict[float, dict[str, Overlaps]] = {t: {} for t in VOXEL_THRESHOLDS}
    truth, scores = {}, {}
    excluded = set()
    for case in validation:
        if case.excluded_from_overlap:
            excluded.add(case.subject)
        output = predict(case.scan)
        scores[case.subject] = output["slice_probability"]
        truth[case.subject] = case.positive
        for threshold in VOXEL_THRESHOLDS:
            counts[threshold][case.subject] = Overlaps.of(output["probability"] >= threshold, case.mask)
    curve = roc_curve(np.concatenate(list(truth.values())), np.concatenate(list(scores.values())))
    slice_threshold = curve.balanced_threshold

    def dice(threshold: float) -> float:
        gated = (
            one.only_slices(scores[s] >= slice_threshold)
            for s, one in counts[threshold].items()
            if one.positive.any() and s not in excluded
        )
        return float(np.mean([scan_dice(one) for one in gated] or [0.0]))

    return slice_threshold, float(max(VOXEL_THRESHOLDS, key=dice))
