"""All figures of a run, each with its number of cases and a 95 % interval from resampling subjects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import CHRONIC_SUBJECT
from ichor.evaluate.detection import average_precision, brier_score, rates, roc_curve
from ichor.evaluate.overlap import pooled_dice, scan_dice, subject_averages
from ichor.evaluate.prediction import TABLE_THRESHOLDS
from ichor.evaluate.results import SubjectResult
from ichor.subtypes import Subtype

Results = Sequence[SubjectResult]
Figure = Callable[[Results], float]

PAPER_SENSITIVITY = 0.97
RULE_PX = 400  # the released code calls a slice positive above this many pixels
_RESAMPLES = 1000


def metrics_of(results: Results, *, seed: int = 0) -> dict[str, Any]:
    """The figures of metrics.json. Each is {"value", "ci95", "n"}; null where it is not defined.

    Dice and Jaccard leave the chronic subject out, detection keeps it, both as the paper does.
    """

    def figure(of: Figure, n: int, among: Results = results) -> dict[str, Any]:
        return _with_interval(of, among, n, seed)

    scored = _scored(results)
    negative = [r for r in results if not r.has_hemorrhage and r.volume_ml is not None]
    n_slices = sum(len(r.positive) for r in results)
    return {
        "dice": {
            "paper_average": figure(_average_dice, len(scored)),
            "pooled": figure(_pooled_dice, len(_acute(results))),
            "per_scan_3d": figure(_scan_dice, len(scored)),
        },
        "jaccard": {
            "paper_average": figure(_average_jaccard, len(scored)),
            "pooled": figure(lambda rs: _to_jaccard(_pooled_dice(rs)), len(_acute(results))),
            "per_scan_3d": figure(_scan_jaccard, len(scored)),
        },
        "slice": {
            "auc": figure(lambda rs: roc_curve(*_slices(rs)).auc, n_slices),
            "average_precision": figure(lambda rs: average_precision(*_slices(rs)), n_slices),
            "sensitivity": figure(lambda rs: _slice_rates(rs, 0)[0], n_slices),
            "specificity": figure(lambda rs: _slice_rates(rs, 0)[1], n_slices),
            "specificity_at_sensitivity_97": figure(
                lambda rs: roc_curve(*_slices(rs)).specificity_at(PAPER_SENSITIVITY)[0], n_slices
            ),
            "brier": figure(lambda rs: brier_score(*_slices(rs)), n_slices),
        },
        "slice_400px": {
            name: figure(lambda rs, i=i: _slice_rates(rs, RULE_PX)[i], n_slices)  # type: ignore[misc]
            for i, name in enumerate(("sensitivity", "specificity", "accuracy"))
        },
        "scan": {
            "auc": figure(lambda rs: roc_curve(*_scans(rs)).auc, len(results)),
            "sensitivity": figure(lambda rs: _scan_rates(rs)[0], len(results)),
            "specificity": figure(lambda rs: _scan_rates(rs)[1], len(results)),
            "brier": figure(lambda rs: brier_score(*_scans(rs)), len(results)),
        },
        "subtype_auc": None,
        "false_positive_ml": {
            "median": figure(lambda rs: float(np.median(_volumes(rs))), len(negative), negative),
            "p95": figure(lambda rs: float(np.percentile(_volumes(rs), 95)), len(negative), negative),
        },
        "subjects_missed": [r.subject for r in results if r.overlaps.positive.any() and not r.overlaps.both.any()],
        "by_subtype": {
            subtype.value: figure(_average_dice, len(some), some)
            for i, subtype in enumerate(Subtype)
            if (some := [r for r in scored if r.labels[:, i].any()])
        },
        "by_age": {
            name: figure(_average_dice, len(some), some)
            for name, some in (
                ("under_18", [r for r in scored if r.age_years < 18]),
                ("18_and_over", [r for r in scored if r.age_years >= 18]),
            )
            if some
        },
        "by_threshold": {
            str(t): {
                name: figure(lambda rs, i=i, t=t: _slice_rates(rs, RULE_PX, t)[i], n_slices)  # type: ignore[misc]
                for i, name in enumerate(("sensitivity", "specificity", "accuracy"))
            }
            for t in TABLE_THRESHOLDS
        },
        "per_subject": {
            subject: {"dice": dice, "jaccard": jaccard, "n": int(r.overlaps.positive.sum())}
            for r in scored
            for subject, (dice, jaccard) in subject_averages({r.subject: r.overlaps}).items()
        },
    }


def _with_interval(of: Figure, results: Results, n: int, seed: int) -> dict[str, Any]:
    """A figure with the 2.5th and 97.5th percentile of it over resampled subjects (with replacement)."""

    def value(some: Results) -> float:
        try:
            return of(some)
        except ValueError:  # a resample may lack a class altogether: it has no such figure
            return float("nan")

    if not results:
        return {"value": None, "ci95": None, "n": n}
    rng = np.random.default_rng(seed)
    drawn = [value([results[i] for i in rng.integers(len(results), size=len(results))]) for _ in range(_RESAMPLES)]
    known = [v for v in drawn if not np.isnan(v)]
    whole = value(results)
    if np.isnan(whole) or not known:
        return {"value": None, "ci95": None, "n": n}
    low, high = np.percentile(known, [2.5, 97.5])
    return {"value": round(whole, 6), "ci95": [round(float(low), 6), round(float(high), 6)], "n": n}


def _scored(results: Results) -> Results:
    return [r for r in _acute(results) if r.overlaps.positive.any()]


def _acute(results: Results) -> Results:
    return [r for r in results if r.subject != CHRONIC_SUBJECT]


def _averages(results: Results) -> NDArray[np.float64]:
    # One by one: a resample holds a subject more than once.
    pairs = [p for r in _scored(results) for p in subject_averages({r.subject: r.overlaps}).values()]
    if not pairs:
        raise ValueError("expected subjects with hemorrhage, found none")
    return np.asarray(np.mean(pairs, axis=0))


def _average_dice(results: Results) -> float:
    return float(_averages(results)[0])


def _average_jaccard(results: Results) -> float:
    return float(_averages(results)[1])


def _pooled_dice(results: Results) -> float:
    return pooled_dice({str(i): r.overlaps for i, r in enumerate(_acute(results))})


def _scan_dice(results: Results) -> float:
    values = [scan_dice(r.overlaps) for r in _scored(results)]
    if not values:
        raise ValueError("expected subjects with hemorrhage, found none")
    return float(np.mean(values))


def _scan_jaccard(results: Results) -> float:
    values = [_to_jaccard(scan_dice(r.overlaps)) for r in _scored(results)]
    if not values:
        raise ValueError("expected subjects with hemorrhage, found none")
    return float(np.mean(values))


def _to_jaccard(dice: float) -> float:
    return dice / (2 - dice)


def _slices(results: Results) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    return (
        np.concatenate([r.positive for r in results]),
        np.concatenate([r.slice_probability for r in results]),
    )


def _slice_rates(results: Results, above_px: int, threshold: float | None = None) -> tuple[float, float, float]:
    areas = [r.overlaps.predicted if threshold is None else r.areas[threshold] for r in results]
    return rates(_slices(results)[0], np.concatenate(areas) > above_px)


def _scans(results: Results) -> tuple[list[bool], list[float]]:
    return [r.has_hemorrhage for r in results], [r.scan_probability for r in results]


def _scan_rates(results: Results) -> tuple[float, float, float]:
    return rates([r.has_hemorrhage for r in results], [bool(r.overlaps.predicted.any()) for r in results])


def _volumes(results: Results) -> list[float]:
    return [r.volume_ml for r in results if r.volume_ml is not None]
