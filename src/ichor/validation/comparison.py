"""Two models on the same scans: the figures of both, their paired differences, and the scans whose verdict changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ichor.evaluate.areas import areas
from ichor.evaluate.paired import signed_rank_p
from ichor.findings.verdict import Tier
from ichor.validation.cases import ScanCase
from ichor.validation.figures import rates
from ichor.validation.mask_figures import mask_figures
from ichor.validation.paired import Pairs
from ichor.validation.scored import CALLS, ScoredScans, scored


def comparison(cases: Sequence[ScanCase]) -> dict[str, Any]:
    """The figures of the model, `found`, and of the one that it is compared with, `other`, on the scans of both.

    A difference is the model's figure minus the other's. {"scans": 0} if both screened no scan of known truth.
    """
    both = [one for one in cases if one.found is not None and one.other is not None]
    now, was = scored(both), scored(both, lambda case: case.other)
    if not len(now):
        return {"scans": 0}
    pairs = Pairs(now.truth, now.patient)
    return {
        "scans": len(now),
        "independent": pairs.independent,
        "calls": {
            call.value: {
                "sensitivity": _rate(was, now, call, 0, pairs.sensitivity(was.called[call], now.called[call])),
                "specificity": _rate(was, now, call, 1, pairs.specificity(was.called[call], now.called[call])),
            }
            for call in CALLS
        },
        "auc": _figure(_auc(was), _auc(now), pairs.auc(was.probability, now.probability)),
        "brier": _figure(
            pairs.brier_of(was.probability).as_json(),
            pairs.brier_of(now.probability).as_json(),
            pairs.brier(was.probability, now.probability),
        ),
        "calibration_error": _figure(
            pairs.calibration_error_of(was.probability).as_json(),
            pairs.calibration_error_of(now.probability).as_json(),
            pairs.calibration_error(was.probability, now.probability),
        ),
        "dice": _dice(both),
        "verdicts": _verdicts(both),
        "changed": [_changed(one) for one in both if _tiers(one)[0] is not _tiers(one)[1]],
    }


def _rate(was: ScoredScans, now: ScoredScans, call: Tier, which: int, difference: dict[str, Any]) -> dict[str, Any]:
    return _figure(rates(was, call)[which].as_json(), rates(now, call)[which].as_json(), difference)


def _figure(was: dict[str, Any], now: dict[str, Any], difference: dict[str, Any]) -> dict[str, Any]:
    return {"other": was, "model": now, "difference": difference}


def _auc(scans: ScoredScans) -> dict[str, Any]:
    return areas(scans.truth, scans.probability, scans.patient, scans.sampling()).auc.as_json()


def _dice(cases: Sequence[ScanCase]) -> dict[str, Any] | None:
    """Dice of both on scans with a delineation, with Wilcoxon's signed-rank test; None if there are none."""
    pairs = [one for one in cases if one.overlap is not None and one.other_overlap is not None]
    now = mask_figures(pairs)
    was = mask_figures([one.model_copy(update={"overlap": one.other_overlap}) for one in pairs])
    if now is None or was is None:
        return None
    change = np.array([one.overlap.dice - one.other_overlap.dice for one in pairs if one.overlap and one.other_overlap])
    return {
        "n": len(pairs),
        "other": was["dice"],
        "model": now["dice"],
        "median_difference": round(float(np.median(change)), 6),
        "p": round(signed_rank_p(change), 6),
    }


def _tiers(case: ScanCase) -> tuple[Tier, Tier]:
    """The verdicts of the other model and of this one."""
    assert case.found is not None and case.other is not None
    return case.other.tier, case.found.tier


def _verdicts(cases: Sequence[ScanCase]) -> dict[str, dict[str, int]]:
    """How many scans have each verdict of the other model and of this one, scans of unknown truth included."""
    counts = Counter(_tiers(one) for one in cases)
    return {was.value: {now.value: counts[was, now] for now in Tier} for was in Tier}


def _changed(case: ScanCase) -> dict[str, Any]:
    was, now = _tiers(case)
    return {"scan": case.scan, "hemorrhage": case.truth.hemorrhage, "other": was.value, "model": now.value}
