"""What `unet-slices` chooses on its validation cases: calibration, operating points and the voxel threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import CHRONIC_SUBJECT, Case
from ichor.evaluate.detection import RocCurve, roc_curve
from ichor.evaluate.overlap import Overlaps, scan_dice
from ichor.methods.base import Answer
from ichor.methods.calibration import Calibration, Calibrations, expit, fit_calibration
from ichor.scan import Scan

AnswerOf = Callable[[Scan], Answer]

# Edges of the bins of probability, 0.1 of the logit wide, in which voxels are counted: there are 200 million. Below the
# lowest is what the network all but rules out, air above all, which is left out: it would outnumber everything.
_BINS = expit(np.arange(-138, 139) / 10)

TRIAGE_SENSITIVITY, SPECIFIC_SPECIFICITY = 0.97, 0.99

# Dense near zero: trained on rare pixels, a network is surer of itself than it should be on unseen subjects.
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


def choose_calibration(answer: AnswerOf, validation: Sequence[Case]) -> Calibrations:
    """What makes the network's answers mean what they say, of highest likelihood on the validation cases.

    Voxels are counted in bins of their logit, all of them at the scans' own resolution, without the chronic subject's.
    """
    voxels = np.zeros((2, len(_BINS) + 1))
    of_slices, of_subtypes, positive, labels = [], [], [], []
    for case in validation:
        answered = answer(case.scan)
        of_slices.append(answered["slice_probability"])
        positive.append(case.positive)
        if "subtype_probability" in answered:
            of_subtypes.append(answered["subtype_probability"].ravel())
            labels.append(case.labels.ravel())
        if case.subject != CHRONIC_SUBJECT:
            place = np.searchsorted(_BINS, answered["probability"])
            voxels += [
                np.bincount(place[case.mask == is_blood], minlength=voxels.shape[1]) for is_blood in (False, True)
            ]
    of_slice = fit_calibration(np.concatenate(positive), np.concatenate(of_slices))
    return Calibrations(
        voxel=_calibration_of_voxels(voxels),
        slice=of_slice,
        subtype=fit_calibration(np.concatenate(labels), np.concatenate(of_subtypes)) if labels else Calibration(),
        scan=fit_calibration([one.any() for one in positive], [of_slice.of(one).max() for one in of_slices]),
    )


def _calibration_of_voxels(counts: NDArray[np.float64]) -> Calibration:
    """Fitted on how many voxels without and with hemorrhage, (2, bins), lie between the edges of `_BINS`."""
    within = counts[:, 1:-1]
    middle = expit((np.arange(-138, 138) + 0.5) / 10)
    return fit_calibration(np.repeat([False, True], len(middle)), np.tile(middle, 2), within.ravel())


def choose_thresholds(answer: AnswerOf, validation: Sequence[Case]) -> dict[str, Any]:
    """The slice thresholds of the operating points, then the voxel threshold of the best Dice per scan at `balanced`.

    Both on the validation cases, at the scans' own resolution. The slice threshold comes first, since it decides
    which slices are left empty whatever the voxel threshold. Dice is per scan in 3-D rather than the paper's
    average, which does not see what is marked on slices without hemorrhage and so favours marking too much.
    """
    counts: dict[float, dict[str, Overlaps]] = {t: {} for t in VOXEL_THRESHOLDS}
    truth, scores = {}, {}
    for case in validation:
        answered = answer(case.scan)
        scores[case.subject] = answered["slice_probability"]
        truth[case.subject] = case.positive
        for threshold in VOXEL_THRESHOLDS:
            counts[threshold][case.subject] = Overlaps.of(answered["probability"] >= threshold, case.mask)
    curve = roc_curve(np.concatenate(list(truth.values())), np.concatenate(list(scores.values())))
    points = _operating_points(curve)
    slice_threshold = points["balanced"]

    def dice(threshold: float) -> float:
        gated = (
            one.only_slices(scores[s] >= slice_threshold) for s, one in counts[threshold].items() if _counts(s, one)
        )
        return float(np.mean([scan_dice(one) for one in gated] or [0.0]))

    return {
        "threshold": float(max(VOXEL_THRESHOLDS, key=dice)),
        "slice_threshold": slice_threshold,
        "operating_point": "balanced",
        "operating_points": points,
    }


def _operating_points(curve: RocCurve) -> dict[str, float]:
    """Slice thresholds by name, from the lowest.

    `triage` is the highest that finds 97 % of the slices with hemorrhage, `balanced` that of the highest sensitivity
    plus specificity, `specific` the lowest that leaves 99 % of those without alone. Where slices are told apart so well
    that `balanced` finds as many, or leaves as many alone, it is the other point too.
    """
    balanced = curve.balanced_threshold
    _, triage = curve.specificity_at(TRIAGE_SENSITIVITY)
    specific = curve.thresholds[curve.specificity >= SPECIFIC_SPECIFICITY - 1e-12].min()
    return {
        "triage": min(triage, balanced),
        "balanced": balanced,
        "specific": min(max(float(specific), balanced), 1.0),  # above all that was seen is 1
    }


def _counts(subject: str, overlaps: Overlaps) -> bool:
    return bool(overlaps.positive.any()) and subject != CHRONIC_SUBJECT
