"""From which probability of a scan on hemorrhage is possible, and suspected, and how often that is right.

Possible: the highest threshold that keeps a sensitivity of 97 % on the scans that it is chosen on. Suspected: the
lowest threshold that keeps a specificity of 90 % there, and never below that of possible. Marked voxels make a scan
possible whatever its probability.

The shipped thresholds are chosen on the out-of-fold probabilities of all scans. Their sensitivity and specificity are
measured with thresholds chosen once for each fold, on the scans of all other folds.

Scans of a single slice get thresholds of their own in the same way, if the method predicted each slice by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.call_rates import call_rates
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.intervals import Sampling
from ichor.evaluate.prediction import SingleSlices
from ichor.evaluate.results import SubjectResult
from ichor.models.verdict import Thresholds, VerdictRule, VerdictThreshold
from ichor.scan import FloatArray

LEAST_SENSITIVITY = 0.97
LEAST_SPECIFICITY = 0.9


def verdict_rule(results: Sequence[SubjectResult]) -> VerdictRule | None:
    """The thresholds for scans like those of `results`, which are out-of-fold, one scan a subject.

    None where they cannot be chosen or measured: where the scans are all with or all without hemorrhage, in all folds
    or in all but one, and where no threshold is specific enough. The same holds for the thresholds for single slices.
    """
    rule = _chosen_and_measured([_of_scan(r) for r in results if r.has_hemorrhage is not None])
    alone = _chosen_and_measured(
        [_of_single_slices(r, r.single_slices) for r in results if r.single_slices is not None]
    )
    if rule is None or alone is None:
        return rule
    return rule.model_copy(update={"single_slice": Thresholds(possible=alone.possible, suspected=alone.suspected)})


class _Scans(NamedTuple):
    """Scans (n,) of a subject: their truth, probability, and whether a voxel is marked; and the subject's fold."""

    truth: NDArray[np.bool_]
    probability: FloatArray
    marked: NDArray[np.bool_]
    fold: int


def _of_scan(result: SubjectResult) -> _Scans:
    marked = result.pixels is not None and bool(result.pixels.predicted.any())
    return _Scans(
        np.array([result.has_hemorrhage], bool),
        np.array([result.scan_probability], np.float64),
        np.array([marked]),
        result.fold,
    )


def _of_single_slices(result: SubjectResult, alone: SingleSlices) -> _Scans:
    known = result.known_slices
    return _Scans(result.positive[known], alone.probability[known], alone.marked[known], result.fold)


def _chosen_and_measured(subjects: Sequence[_Scans]) -> VerdictRule | None:
    if not subjects:
        return None
    truth, probability, marked = (np.concatenate([one[k] for one in subjects]) for k in range(3))
    n = [len(one.truth) for one in subjects]
    fold = np.repeat([one.fold for one in subjects], n)
    chosen, calls = _thresholds(truth, probability), crossed_calls(truth, probability, marked, fold, _thresholds)
    if chosen is None or calls is None:
        return None
    return measured_rule(chosen, truth, calls, np.repeat(np.arange(len(subjects)), n))


ThresholdPair = tuple[float, float]  # possible, suspected
Calls = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def crossed_calls(
    truth: NDArray[np.bool_],
    probability: FloatArray,
    marked: NDArray[np.bool_],
    fold: NDArray[np.int64],
    choose: Callable[[NDArray[np.bool_], FloatArray], ThresholdPair | None],
) -> Calls | None:
    """(possible or suspected, suspected), each (n,): what scans are called with thresholds chosen on the other folds.

    None if `choose` cannot choose them for a fold.
    """
    possible, suspected = (np.zeros(len(truth), bool) for _ in range(2))
    for one in np.unique(fold):
        test = fold == one
        others = choose(truth[~test], probability[~test])
        if others is None:
            return None
        possible[test] = (probability[test] >= others[0]) | marked[test]
        suspected[test] = probability[test] >= others[1]
    return possible, suspected


def measured_rule(
    thresholds: ThresholdPair, truth: NDArray[np.bool_], calls: Calls, subject: NDArray[np.int64]
) -> VerdictRule:
    """The thresholds, with the rates of these calls; `subject` (n,) has the index of each scan's subject."""
    possible, suspected = calls
    return VerdictRule(
        possible=_measured(thresholds[0], "sensitivity", LEAST_SENSITIVITY, truth, possible, subject),
        suspected=_measured(thresholds[1], "specificity", LEAST_SPECIFICITY, truth, suspected, subject),
    )


def _thresholds(truth: NDArray[np.bool_], probability: FloatArray) -> ThresholdPair | None:
    """(possible, suspected), chosen on scans (n,); None if they cannot be chosen."""
    if truth.all() or not truth.any():
        return None
    curve = roc_curve(truth, probability)
    _, possible = curve.specificity_at(LEAST_SENSITIVITY)
    suspected = float(curve.thresholds[curve.specificity >= LEAST_SPECIFICITY - 1e-12].min())
    return (possible, max(possible, suspected)) if np.isfinite(suspected) else None


def separating_thresholds(truth: NDArray[np.bool_], probability: FloatArray) -> ThresholdPair | None:
    """The same thresholds, each halfway down to the next lower probability: on these scans, they call the same.

    A probability that another machine rounds otherwise then stays on its side.
    """
    chosen = _thresholds(truth, probability)
    if chosen is None:
        return None
    known = np.r_[0.0, np.unique(probability)]
    possible, suspected = (float(one + known[known < one].max(initial=0.0)) / 2 for one in chosen)
    return possible, suspected


def _measured(
    threshold: float,
    chosen_for: str,
    at_least: float,
    truth: NDArray[np.bool_],
    called: NDArray[np.bool_],
    subject: NDArray[np.int64],
) -> VerdictThreshold:
    n = int(subject.max()) + 1
    sampling = Sampling(n)
    rates = call_rates(truth, called, subject, n)
    said: dict[str, Any] = {name: rates[name].pooled(sampling).as_json() for name in ("sensitivity", "specificity")}
    return VerdictThreshold.model_validate(
        {"threshold": threshold, **said, "chosen_for": chosen_for, "at_least": at_least}
    )
