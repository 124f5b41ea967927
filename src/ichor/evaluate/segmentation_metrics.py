"""Segmentation metrics: Dice and Jaccard with every average, by subtype and by age, and false positives.

Dice and Jaccard leave out the subjects that the dataset excludes from overlap, and those that nobody delineated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu

from ichor.dataset.facts import Label
from ichor.evaluate.intervals import Sampled, Sampling
from ichor.evaluate.overlap import scan_dice, slice_averages
from ichor.evaluate.results import SubjectResult
from ichor.scan import FloatArray
from ichor.subtypes import Subtype

SEGMENTATION_METRICS = (
    *("dice", "jaccard", "false_positive_ml", "subjects_missed", "by_subtype", "by_age", "by_age_difference"),
    "per_subject",
)
_ADULT_YEARS = 18


def segmentation_metrics(results: Sequence[SubjectResult], sampling: Sampling) -> dict[str, Any]:
    """The overlap metrics of metrics.json, with `Sampled` leaves."""
    dice, jaccard = subject_overlaps(results)
    scored = ~np.isnan(dice)
    in_3d = np.array([scan_dice(r.overlaps) if s else np.nan for r, s in zip(results, scored, strict=True)])
    included = np.array([not r.excluded_from_overlap and Label.VOXELS in r.known for r in results])
    voxels = [[o.both.sum(), o.predicted.sum(), o.reference.sum()] for o in (r.overlaps for r in results)]
    both, predicted, reference = np.where(included, np.transpose(voxels), 0)
    false_ml = np.array(
        [np.nan if r.has_hemorrhage is not False or r.volume_ml is None else r.volume_ml for r in results]
    )
    return {
        "dice": {
            "paper_average": sampling.mean(dice),
            "pooled": Sampled(sampling.ratio(2 * both, predicted + reference), int(included.sum())),
            "per_scan_3d": sampling.mean(in_3d),
        },
        "jaccard": {
            "paper_average": sampling.mean(jaccard),
            "pooled": Sampled(sampling.ratio(both, predicted + reference - both), int(included.sum())),
            "per_scan_3d": sampling.mean(in_3d / (2 - in_3d)),
        },
        "false_positive_ml": {
            "median": sampling.of_values(false_ml, lambda ml: float(np.median(ml))),
            "p95": sampling.of_values(false_ml, lambda ml: float(np.percentile(ml, 95))),
        },
        "subjects_missed": [r.subject for r in results if r.overlaps.positive.any() and not r.overlaps.both.any()],
        "by_subtype": _by_subtype(results, dice, sampling),
        **_by_age(results, dice, sampling),
        "per_subject": {
            r.subject: {"dice": float(dice[i]), "jaccard": float(jaccard[i]), "n": int(r.overlaps.positive.sum())}
            for i, r in enumerate(results)
            if scored[i]
        },
    }


def subject_overlaps(results: Sequence[SubjectResult]) -> tuple[FloatArray, FloatArray]:
    """(subjects,) Dice and Jaccard, each the mean over a subject's slices with hemorrhage.

    nan for subjects that do not count in the paper's average: those without hemorrhage, and those excluded.
    """
    pairs = [slice_averages(r.overlaps) if r.counts_in_overlap else (np.nan, np.nan) for r in results]
    dice, jaccard = np.transpose(pairs)
    return dice, jaccard


def _by_subtype(results: Sequence[SubjectResult], dice: FloatArray, sampling: Sampling) -> dict[str, Sampled]:
    """Dice of the subjects with a subtype on any slice; a subject with two subtypes counts in both."""
    had = np.array([r.labels.any(axis=0) for r in results])
    figures = {s.value: sampling.mean(np.where(had[:, i], dice, np.nan)) for i, s in enumerate(Subtype)}
    return {name: figure for name, figure in figures.items() if figure.n}


def _by_age(results: Sequence[SubjectResult], dice: FloatArray, sampling: Sampling) -> dict[str, Any]:
    """Dice of children and of adults, and whether they differ (Mann and Whitney 1947, two-sided)."""
    years = np.array([np.nan if r.age_years is None else r.age_years for r in results])
    groups = {
        "under_18": np.where(years < _ADULT_YEARS, dice, np.nan),
        "18_and_over": np.where(years >= _ADULT_YEARS, dice, np.nan),
    }
    figures = {name: sampling.mean(values) for name, values in groups.items()}
    young, old = (values[~np.isnan(values)] for values in groups.values())
    p = float(mannwhitneyu(young, old).pvalue) if young.size and old.size else None
    return {
        "by_age": {name: figure for name, figure in figures.items() if figure.n},
        "by_age_difference": {
            "mann_whitney_p": {"value": None if p is None else round(p, 6), "ci95": None, "n": young.size + old.size}
        },
    }
