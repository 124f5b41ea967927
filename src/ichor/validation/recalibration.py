"""New verdict thresholds and a new calibration from a site's own scans, and how much they improve results on others.

The calibration (a slope and an intercept of the logit, Platt 1999) and the thresholds are fitted on all scans. The
improvement is measured by cross-fitting: for each of ten folds, they are fitted on the other nine and applied to the
scans of the fold. No patient is in two folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.calibration import calibration
from ichor.evaluate.proportions import proportion
from ichor.evaluate.verdict import Calls, crossed_calls, measured_rule, separating_thresholds
from ichor.methods.calibration import Calibration, fit_calibration
from ichor.models.verdict import VerdictRule
from ichor.scan import FloatArray
from ichor.validation.cases import ScanCase
from ichor.validation.crossing import FOLDS, folds_of
from ichor.validation.paired import Pairs
from ichor.validation.scored import CALLS, ScoredScans, scored

FEWEST = 20  # scans of a class; with fewer, thresholds and calibration would be due to chance


@dataclass(frozen=True, eq=False)
class Recalibrated:
    """The result of a recalibration.

    Attributes:
        calibration: to be applied to the model's probabilities of scans; the identity if they cannot be calibrated.
        rule: the thresholds on the recalibrated probability, with the rates measured by cross-fitting.
        probability: (n,) of each scan, from a calibration that was not fitted on it.
        fold: (n,) of each scan.
        scans: those that it was fitted on.
        gains: the figures before and after, and the differences, on scans that it was not fitted on.
    """

    calibration: Calibration
    rule: VerdictRule
    probability: FloatArray
    fold: NDArray[np.int64]
    scans: ScoredScans
    gains: dict[str, Any]


def why_not(scans: ScoredScans) -> str:
    """Why thresholds and calibration cannot be made on these scans, in words; empty if they can."""
    with_it, without = int(scans.truth.sum()), int((~scans.truth).sum())
    if min(with_it, without) >= FEWEST:
        return ""
    return f"expected at least {FEWEST} scans with and {FEWEST} without hemorrhage, found {with_it} and {without}"


def recalibrate(cases: Sequence[ScanCase], *, calibrates: bool = True) -> Recalibrated | str:
    """Recalibrate on scans of known truth; or why that is not possible, in words.

    With `calibrates` false, only the thresholds are new: the method's probabilities stay as they are.
    """
    scans = scored(cases)
    if reason := why_not(scans):
        return reason
    truth, before = scans.truth, scans.probability
    marked = np.array([one.found is not None and one.found.flagged for one in scans.cases], bool)
    fold = folds_of(truth, scans.patient)
    # A calibration keeps the order of the probabilities: which scans a threshold calls is the same before and after it.
    calls = crossed_calls(truth, before, marked, fold, separating_thresholds)
    thresholds = separating_thresholds(truth, before)
    if calls is None or thresholds is None:
        return "no threshold on the probability is specific enough"
    after, whole = before, Calibration()
    if calibrates:
        after, whole = _crossed(truth, before, fold), fit_calibration(truth, before)
    possible, suspected = (calibrated_threshold(whole, one) for one in thresholds)
    return Recalibrated(
        calibration=whole,
        rule=measured_rule((possible, suspected), truth, calls, scans.patient),
        probability=after,
        fold=fold,
        scans=scans,
        gains=_gains(scans, after, calls),
    )


def _crossed(truth: NDArray[np.bool_], probability: FloatArray, fold: NDArray[np.int64]) -> FloatArray:
    """(n,) the probabilities, each from the calibration fitted on the other folds."""
    after = probability.copy()
    for one in range(1, FOLDS + 1):
        test = fold == one
        after[test] = fit_calibration(truth[~test], probability[~test]).apply(probability[test])
    return after


def calibrated_threshold(calibration: Calibration, threshold: float) -> float:
    """A threshold after the calibration, with the decimals of probabilities in findings.json."""
    return round(float(calibration.apply(np.asarray(threshold, np.float64))), 6)


def _gains(scans: ScoredScans, after: FloatArray, calls: Calls) -> dict[str, Any]:
    pairs = Pairs(scans.truth, scans.patient)
    now = dict(zip(CALLS, calls, strict=True))
    found: dict[str, Any] = {}
    for call in CALLS:
        was, new = scans.called[call], now[call]
        found[call.value] = {
            "sensitivity": {**_rates(scans, was, new, positive=True), "difference": pairs.sensitivity(was, new)},
            "specificity": {**_rates(scans, was, new, positive=False), "difference": pairs.specificity(was, new)},
        }
    errors = {
        "brier": (pairs.brier_of, pairs.brier),
        "calibration_error": (pairs.calibration_error_of, pairs.calibration_error),
    }
    for name, (of, differ) in errors.items():
        found[name] = {
            "before": of(scans.probability).as_json(),
            "after": of(after).as_json(),
            "difference": differ(scans.probability, after),
        }
    found["calibration_curve"] = {
        name: calibration(scans.truth, one, scans.patient, pairs.sampling)["curve"]
        for name, one in (("before", scans.probability), ("after", after))
    }
    return found


def _rates(
    scans: ScoredScans, was: NDArray[np.bool_], new: NDArray[np.bool_], *, positive: bool
) -> dict[str, dict[str, Any]]:
    among = scans.truth == positive
    return {
        name: proportion((called == positive)[among], scans.patient[among]).as_json()
        for name, called in (("before", was), ("after", new))
    }
