"""What a committee's mean answer is cut at: a slice threshold, then a voxel threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.overlap import Overlaps, scan_dice
from ichor.scan import Scan

# Its own, so that committed simulations can be made again: those that a model is chosen at may change. Dense near
# zero: trained on rare pixels, a network is surer of itself than it should be on unseen subjects.
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


# Of voxels and of slices, by name.
MeanOutput = Mapping[str, NDArray[Any]]


def choose_thresholds(answer: Callable[[Scan], MeanOutput], validation: Sequence[Case]) -> tuple[float, float]:
    """(slice threshold, voxel threshold): that of the highest sensitivity plus specificity, and that of the best Dice.

    The slice threshold comes first, since it decides which slices are left empty whatever the voxel threshold. Dice is
    the mean over the scans with hemorrhage, in 3-D, without those excluded from overlap.
    """
    counts: dict[float, dict[str, Overlaps]] = {t: {} for t in VOXEL_THRESHOLDS}
    truth, scores = {}, {}
    excluded = set()
    for case in validation:
        if case.excluded_from_overlap:
            excluded.add(case.subject)
        answered = answer(case.scan)
        scores[case.subject] = answered["slice_probability"]
        truth[case.subject] = case.positive
        for threshold in VOXEL_THRESHOLDS:
            counts[threshold][case.subject] = Overlaps.of(answered["probability"] >= threshold, case.mask)
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
