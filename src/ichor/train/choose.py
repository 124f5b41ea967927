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


def choose_calibration(answer: AnswerOf, validation: Sequence[Case], training: Sequence[Case]) -> Calibrations:
    """What makes the network's answers mean what they say, of highest likelihood on the validation cases.

    How frequent hemorrhage is, is learned from the training cases too: the validation cases are few, and among sixteen
    scans there may be four that have any or ten. Voxels are counted in bins of their logit, all of them at the scans'
    own resolution; the chronic subject's are left out.
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
    middle_of_bins = np.tile(expit((np.arange(-138, 138) + 0.5) / 10), 2)
    is_blood = np.repeat([False, True], len(_BINS) - 1)
    more = _times_the_odds(validation, training)
    of_slice = fit_calibration(np.concatenate(positive), np.concatenate(of_slices), times_the_odds=more["slice"])
    return Calibrations(
        voxel=fit_calibration(is_blood, middle_of_bins, voxels[:, 1:-1].ravel(), times_the_odds=more["voxel"]),
        slice=of_slice,
        subtype=fit_calibration(np.concatenate(labels), np.concatenate(of_subtypes), times_the_odds=more["subtype"])
        if labels
        else Calibration(),
        scan=fit_calibration(
            [one.any() for one in positive],
            [of_slice.of(one).max() for one in of_slices],
            times_the_odds=more["scan"],
        ),
    )


def _times_the_odds(validation: Sequence[Case], training: Sequence[Case]) -> dict[str, float]:
    """The odds of hemorrhage among both, over those among the validation cases alone; 1 where these have one class."""
    held_out, others = (sum((_classes(case) for case in cases), np.zeros((4, 2))) for cases in (validation, training))
    with np.errstate(divide="ignore", invalid="ignore"):
        without, having = ((held_out + others) / held_out).T
        times = having / without
    known = np.isfinite(times) & (times > 0)
    return dict(zip(("voxel", "slice", "subtype", "scan"), np.where(known, times, 1.0), strict=True))


def _classes(case: Case) -> NDArray[np.float64]:
    """(4, 2) how many voxels, slices, subtypes on slices, and scans, of a case have no hemorrhage and how many have."""
    mask = case.mask if case.subject != CHRONIC_SUBJECT else case.mask[:0]
    tasks = (mask, case.positive, case.labels, case.positive.any(keepdims=True))
    return np.array([[np.count_nonzero(~one), np.count_nonzero(one)] for one in tasks], np.float64)


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
