"""The figures of a validation: detection of scans with 95 % intervals, as JSON values.

Rates have exact intervals (`ichor.evaluate.proportions`); areas, average precision, Brier score and calibration error
have those of resampling patients (`ichor.evaluate.intervals`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.areas import areas
from ichor.evaluate.calibration import calibration
from ichor.evaluate.intervals import Sampled, as_figures
from ichor.evaluate.proportions import Proportion, predictive_values, proportion
from ichor.findings.verdict import Tier
from ichor.scan import FloatArray
from ichor.subtypes import Subtype
from ichor.validation.cases import ScanCase
from ichor.validation.groups import GROUPINGS, ORDER, VOLUME
from ichor.validation.scored import CALLS, ScoredScans, scored

FEW = 10  # scans of a class, below which a group's area under the curve is not given


def figures_of(cases: Sequence[ScanCase], prevalence: float | None) -> dict[str, Any]:
    """All figures of one model on these scans."""
    scans = scored(cases)
    return {
        "scans": _counts(cases, scans),
        "detection": detection(scans, prevalence),
        "subtypes": [_of_subtype(scans, one) for one in Subtype],
        "groups": {name: groups for name in GROUPINGS if (groups := _groups(scans, name))},
        "checks": input_checks(scans),
    }


def _counts(cases: Sequence[ScanCase], scans: ScoredScans) -> dict[str, int]:
    return {
        "in_table": len(cases),
        "not_screened": sum(one.found is None for one in cases),
        "truth_unknown": sum(one.found is not None and one.truth.hemorrhage is None for one in cases),
        "counted": len(scans),
        "with_hemorrhage": int(scans.truth.sum()),
        "without_hemorrhage": int((~scans.truth).sum()),
        "patients": scans.n_patients,
    }


def rates(scans: ScoredScans, call: Tier) -> tuple[Proportion, Proportion]:
    """Sensitivity and specificity of calling scans of that tier or a higher one positive."""
    called, with_it = scans.called[call], scans.truth
    return (
        proportion(called[with_it], scans.patient[with_it]),
        proportion(~called[~with_it], scans.patient[~with_it]),
    )


def detection(scans: ScoredScans, prevalence: float | None) -> dict[str, Any]:
    """Rates and predictive values of both calls, and what does not depend on a call; null where it is not defined."""
    calls = {}
    for call in CALLS:
        sensitivity, specificity = rates(scans, call)
        predictive = None if prevalence is None else predictive_values(sensitivity, specificity, prevalence)
        calls[call.value] = {
            "sensitivity": sensitivity.as_json(),
            "specificity": specificity.as_json(),
            "positive_predictive_value": None if predictive is None else predictive["positive"],
            "negative_predictive_value": None if predictive is None else predictive["negative"],
            "table": _table(scans.truth, scans.called[call]),
        }
    return {"calls": calls, **_without_call(scans)}


def _without_call(scans: ScoredScans) -> dict[str, Any]:
    """Area under the ROC curve, average precision, Brier score, calibration error and curve; null without scans."""
    names = ("auc", "average_precision", "brier")
    if not len(scans):
        return {**dict.fromkeys(names), "calibration_error": None, "calibration_curve": []}
    sampling = scans.sampling()
    found = areas(scans.truth, scans.probability, scans.patient, sampling)
    calibrated = calibration(scans.truth, scans.probability, scans.patient, sampling)
    error = np.bincount(scans.patient, (scans.probability - scans.truth) ** 2)
    n_scans = np.bincount(scans.patient)
    return {
        "auc": found.auc.as_json(),
        "average_precision": found.average_precision.as_json(),
        "brier": Sampled(sampling.ratio(error, n_scans), len(scans)).as_json(),
        "calibration_error": as_figures(calibrated["ece"]),
        "calibration_curve": calibrated["curve"],
        "mean_probability": round(float(scans.probability.mean()), 6),
        "share_with_hemorrhage": proportion(scans.truth, scans.patient).as_json(),
    }


def _table(truth: NDArray[np.bool_], called: NDArray[np.bool_]) -> dict[str, int]:
    return {
        "true_positive": int(np.sum(truth & called)),
        "false_negative": int(np.sum(truth & ~called)),
        "false_positive": int(np.sum(~truth & called)),
        "true_negative": int(np.sum(~truth & ~called)),
    }


def _of_subtype(scans: ScoredScans, subtype: Subtype) -> dict[str, Any]:
    """How often scans with a subtype are called, and how well its own probability tells it."""
    having = scans.where(lambda case: case.truth.subtypes.get(subtype) is True)
    told = scans.where(lambda case: case.truth.subtypes.get(subtype) is not None or case.truth.hemorrhage is False)
    own = [one.found.subtypes for one in told.cases if one.found is not None and one.found.subtypes is not None]
    auc = None
    if len(own) == len(told) and len(told):
        truth = np.array([one.truth.subtypes.get(subtype) is True for one in told.cases], bool)
        auc = _auc(truth, np.array([one[subtype] for one in own]), told)
    return {
        "subtype": subtype.value,
        "n": len(having),
        "sensitivity": {call.value: rates(having, call)[0].as_json() for call in CALLS},
        "auc": auc,
    }


def _auc(truth: NDArray[np.bool_], score: FloatArray, scans: ScoredScans) -> dict[str, Any] | None:
    if min(truth.sum(), (~truth).sum()) < 1:
        return None
    return areas(truth, score, scans.patient, scans.sampling()).auc.as_json()


def _groups(scans: ScoredScans, grouping: str) -> list[dict[str, Any]]:
    """The figures of each group; scans that are in none are counted as not known, at the end."""
    if grouping == VOLUME:  # scans without hemorrhage have none
        scans = scans.where(lambda case: case.truth.hemorrhage is True)
    counts = Counter(one.groups.get(grouping) for one in scans.cases)
    if set(counts) <= {None}:
        return []
    names = sorted((one for one in counts if one is not None), key=lambda one: (ORDER.get(one, len(ORDER)), one))
    return [_group(scans, grouping, name) for name in [*names, *([None] if None in counts else [])]]


def _group(scans: ScoredScans, grouping: str, name: str | None) -> dict[str, Any]:
    inside = scans.where(lambda case: case.groups.get(grouping) == name)
    enough = min(inside.truth.sum(), (~inside.truth).sum()) >= FEW
    return {
        "group": name,
        "n": len(inside),
        "with_hemorrhage": int(inside.truth.sum()),
        **{
            call.value: dict(
                zip(("sensitivity", "specificity"), (one.as_json() for one in rates(inside, call)), strict=True)
            )
            for call in CALLS
        },
        "auc": _auc(inside.truth, inside.probability, inside) if enough else None,
    }


def is_wrong(case: ScanCase) -> bool:
    """Whether the truth is known and the model suspects hemorrhage where there is none, or does not where there is."""
    return (
        case.found is not None
        and case.truth.hemorrhage is not None
        and (case.found.tier is Tier.SUSPECTED) != case.truth.hemorrhage
    )


def input_checks(scans: ScoredScans) -> dict[str, Any]:
    """The share of wrong calls among scans that failed an input check and among the others, and for each check."""
    from scipy.stats import fisher_exact

    checks = Counter(check for one in scans.cases if one.found is not None for check in one.found.checks)

    def wrong(inside: ScoredScans) -> Proportion:
        return proportion(np.array([is_wrong(one) for one in inside.cases], bool), inside.patient)

    failed = wrong(scans.where(lambda case: bool(case.found and case.found.checks)))
    passed = wrong(scans.where(lambda case: bool(case.found and not case.found.checks)))
    p = None
    if failed.n and passed.n:
        p = float(fisher_exact([[one.count, one.n - one.count] for one in (failed, passed)]).pvalue)
    return {
        "failed": failed.as_json(),
        "passed": passed.as_json(),
        "p": None if p is None else round(p, 6),
        "each": [
            {"check": check, **wrong(scans.where(partial(_failed, check))).as_json()}
            for check, _ in checks.most_common()
        ],
    }


def _failed(check: str, case: ScanCase) -> bool:
    return case.found is not None and check in case.found.checks
