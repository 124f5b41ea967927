"""Detection of slices and scans with hemorrhage: by probability, by mask and by the paper's 400-pixel rule.

All subjects count, as in the paper; `without_excluded` has the same metrics without the subjects that overlap excludes.
Slices and scans of which nobody said whether they have hemorrhage are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.facts import Label
from ichor.evaluate.calibration import calibration
from ichor.evaluate.call_rates import Rate, call_rates
from ichor.evaluate.detection import average_precision, roc_curve
from ichor.evaluate.intervals import Sampled, Sampling
from ichor.evaluate.prediction import TABLE_THRESHOLDS
from ichor.evaluate.results import SubjectResult
from ichor.evaluate.segmentation_metrics import subject_overlaps
from ichor.scan import FloatArray
from ichor.subtypes import Subtype

PAPER_SENSITIVITY = 0.97
SPECIFICITY = 0.9
RULE_PX = 400  # the released code calls a slice positive if more pixels than this are marked


BY_MASK = (
    *("slice_400px", "slice_sensitivity_by_subtype", "table_5"),
    *("by_threshold", "by_threshold_per_subject", "by_threshold_per_fold"),
)


@dataclass(frozen=True, eq=False)
class _Cases:
    """N slices or scans.

    Attributes:
        truth: (N,) bool, whether a case has hemorrhage by its labels.
        probability: (N,) the predicted probability of hemorrhage.
        found: (N,) bool, whether the mask has any pixel; None from a detector.
        subject: (N,) the index of its subject.
    """

    truth: NDArray[np.bool_]
    probability: FloatArray
    found: NDArray[np.bool_] | None
    subject: NDArray[np.int64]

    def without(self, subject: NDArray[np.bool_]) -> _Cases:
        """The cases without those of the given subjects, (subjects,) bool."""
        kept = ~subject[self.subject]
        found = None if self.found is None else self.found[kept]
        return _Cases(self.truth[kept], self.probability[kept], found, self.subject[kept])


def detection_metrics(results: Sequence[SubjectResult], sampling: Sampling) -> dict[str, Any]:
    """The detection metrics of metrics.json, with `Sampled` leaves; those by mask are None from a detector."""
    n, segmented = len(results), all(r.pixels is not None for r in results)
    called = [r.called for r in results]
    by_slice = [one for one in called if one is not None] if all(one is not None for one in called) else None
    slices = _Cases(
        truth=_of_slices(results, [r.positive for r in results]),
        probability=_of_slices(results, [r.slice_probability for r in results]),
        found=None if by_slice is None else _of_slices(results, by_slice),
        subject=np.repeat(np.arange(n), [int(r.known_slices.sum()) for r in results]),
    )
    labeled = [k for k, r in enumerate(results) if r.has_hemorrhage is not None]
    scans = _Cases(
        truth=np.array([results[k].has_hemorrhage for k in labeled], bool),
        probability=np.array([results[k].scan_probability for k in labeled], np.float64),
        found=None if by_slice is None else np.array([by_slice[k].any() for k in labeled], bool),
        subject=np.array(labeled, np.int64),
    )
    excluded = np.array([bool(r.excluded_from_overlap) for r in results])
    by_mask = _by_mask(results, slices, sampling) if segmented else dict.fromkeys(BY_MASK)
    return {
        "slice": _detection(slices, sampling),
        "slice_400px": by_mask["slice_400px"],
        "scan": _detection(scans, sampling),
        "without_excluded": {
            "slice": _detection(slices.without(excluded), sampling),
            "scan": _detection(scans.without(excluded), sampling),
        },
        "calibration": {
            "slice": calibration(slices.truth, slices.probability, slices.subject, sampling),
            "scan": calibration(scans.truth, scans.probability, scans.subject, sampling),
        },
        "subtype_auc": _subtype_auc(results, sampling),
        **{name: by_mask[name] for name in BY_MASK[1:]},
    }


def _of_slices(results: Sequence[SubjectResult], values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The values (n, ...) of the slices of which it is known whether they have hemorrhage, over all subjects."""
    return np.concatenate([of[r.known_slices] for r, of in zip(results, values, strict=True)])


def _by_mask(results: Sequence[SubjectResult], slices: _Cases, sampling: Sampling) -> dict[str, Any]:
    """The metrics in BY_MASK, for which a slice is called positive by the pixels of its mask."""
    n, folds = len(results), [r.fold for r in results]

    def rates(called: NDArray[np.bool_]) -> dict[str, Rate]:
        return call_rates(slices.truth, called, slices.subject, n)

    by_rule = rates(_of_slices(results, [r.overlaps.predicted for r in results]) > RULE_PX)
    by_threshold = {
        str(t): rates(_of_slices(results, [r.areas[t] for r in results]) > RULE_PX) for t in TABLE_THRESHOLDS
    }
    labels, found, subject = _subtypes_of(results, [r.overlaps.predicted > 0 for r in results])
    return {
        "slice_400px": {name: rate.pooled(sampling) for name, rate in by_rule.items()},
        "slice_sensitivity_by_subtype": {
            s.value: call_rates(labels[:, i], found, subject, n)["sensitivity"].pooled(sampling)
            for i, s in enumerate(Subtype)
            if labels[:, i].any()
        },
        "table_5": _table_5(results, by_rule, sampling),
        "by_threshold": {t: {k: one.pooled(sampling) for k, one in by.items()} for t, by in by_threshold.items()},
        "by_threshold_per_subject": {
            t: {k: one.per_subject(sampling) for k, one in by.items()} for t, by in by_threshold.items()
        },
        "by_threshold_per_fold": {
            t: {k: one.per_fold(folds, sampling) for k, one in by.items()} for t, by in by_threshold.items()
        },
    }


def _detection(cases: _Cases, sampling: Sampling) -> dict[str, Sampled | None]:
    called: dict[str, Sampled | None] = dict.fromkeys(("sensitivity", "specificity"))
    if cases.found is not None:
        rates = call_rates(cases.truth, cases.found, cases.subject, sampling.counts.shape[1])
        called = {name: rates[name].pooled(sampling) for name in called}
    n_cases = np.bincount(cases.subject, minlength=sampling.counts.shape[1])
    error = np.bincount(cases.subject, (cases.probability - cases.truth) ** 2, minlength=len(n_cases))

    def of(counts: NDArray[np.int64]) -> list[float]:
        """AUC, average precision, and the two operating points."""
        weights = counts[cases.subject]
        if not weights[cases.truth].any() or not weights[~cases.truth].any():
            return [np.nan] * 4
        curve = roc_curve(cases.truth, cases.probability, weights)
        precision = average_precision(cases.truth, cases.probability, weights)
        points = curve.specificity_at(PAPER_SENSITIVITY)[0], curve.sensitivity_at(SPECIFICITY)
        return [curve.auc, precision, *points]

    auc, precision, specificity, sensitivity = (Sampled(each, len(cases.truth)) for each in sampling.each(of).T)
    return {
        "auc": auc,
        "average_precision": precision,
        "sensitivity": called["sensitivity"],
        "specificity": called["specificity"],
        "specificity_at_sensitivity_97": specificity,
        "sensitivity_at_specificity_90": sensitivity,
        "brier": Sampled(sampling.ratio(error, n_cases), len(cases.truth)),
    }


def _subtypes_of(
    results: Sequence[SubjectResult], values: Sequence[NDArray[Any]]
) -> tuple[NDArray[np.bool_], NDArray[Any], NDArray[np.int64]]:
    """Of the slices with known subtypes: labels (N, 5), values (N, ...) out of each subject's, and whose they are."""
    typed = [Label.SLICE_SUBTYPES in r.known for r in results]
    kept = [r.known_slices & known for r, known in zip(results, typed, strict=True)]
    return (
        np.concatenate([r.labels[which] for r, which in zip(results, kept, strict=True)]),
        np.concatenate([of[which] for of, which in zip(values, kept, strict=True)]),
        np.repeat(np.arange(len(results)), [int(which.sum()) for which in kept]),
    )


def _subtype_auc(results: Sequence[SubjectResult], sampling: Sampling) -> dict[str, Sampled] | None:
    """The AUC of each subtype on slices, and the mean over those that occur; None without probabilities or labels."""
    probabilities = [r.subtype_probability for r in results if r.subtype_probability is not None]
    if len(probabilities) < len(results):
        return None
    labels, probability, subject = _subtypes_of(results, probabilities)
    if not len(labels):
        return None

    def of(counts: NDArray[np.int64]) -> list[float]:
        weights = counts[subject]
        return [_auc(labels[:, i], probability[:, i], weights) for i in range(len(Subtype))]

    values = sampling.each(of)
    known = ~np.isnan(values[0])
    mean = values[:, known].mean(axis=1) if known.any() else values[:, 0]
    figures = {s.value: Sampled(values[:, i], len(labels)) for i, s in enumerate(Subtype)}
    return {**figures, "mean": Sampled(mean, len(labels))}


def _auc(truth: NDArray[np.bool_], scores: FloatArray, weights: NDArray[np.int64]) -> float:
    both = weights[truth].any() and weights[~truth].any()
    return roc_curve(truth, scores, weights).auc if both else float("nan")


def _table_5(
    results: Sequence[SubjectResult], by_rule: Mapping[str, Rate], sampling: Sampling
) -> dict[str, dict[str, Any]]:
    """The paper's Table 5: how overlap, and the rates by its 400-pixel rule, are distributed over subjects."""
    dice, jaccard = subject_overlaps(results)
    columns = {"jaccard": jaccard, "dice": dice} | {
        name: by_rule[name].of_subjects for name in ("sensitivity", "specificity")
    }
    return {name: _spread(values, sampling) for name, values in columns.items()}


def _spread(values: FloatArray, sampling: Sampling) -> dict[str, Any]:
    """Minimum, maximum, population standard deviation and mean; extremes have no interval."""
    known = values[~np.isnan(values)]

    def extreme(of: Any) -> dict[str, Any]:
        return {"value": round(float(of(known)), 6) if known.size else None, "ci95": None, "n": known.size}

    return {
        "min": extreme(np.min),
        "max": extreme(np.max),
        "std": sampling.of_values(values, lambda sample: float(sample.std())),
        "average": sampling.mean(values),
    }
