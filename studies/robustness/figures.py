"""Figures of the same subjects under several conditions, and the differences from the first condition, unchanged.

Differences are paired: both figures use the same resamples of the subjects (Efron and Tibshirani 1993, chapter 16).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.call_rates import call_rates
from ichor.evaluate.detection import roc_curve
from ichor.evaluate.intervals import Sampled, Sampling, as_figures
from ichor.evaluate.overlap import Overlaps, slice_averages

ADULT_YEARS = 18
AGES = ("under 18", "18 and over")

# A subject under a condition, as stored in JSON. Lists over slices: the pixels of mask and reference (`both`,
# `predicted`, `reference`), whether there is hemorrhage (`positive`), and `slice_probability`. For the scan:
# `scan_probability`, `volume_ml` of the mask, and `noise_hu`.
Row = Mapping[str, Any]


class ConditionFigures:
    """The figures of subjects under one condition.

    Only subjects with `counted` (subjects,) are included, by default all. Dice excludes the subjects `excluded` from
    overlap.

    Attributes:
        dice: (subjects,) the paper's average for each subject; NaN for subjects that are not included.
        figures: by name, on every resample of the subjects.
        missed: the subjects without a marked voxel in their hemorrhage.
    """

    def __init__(
        self, rows: Mapping[str, Row], counted: NDArray[np.bool_] | None = None, excluded: Collection[str] = ()
    ) -> None:
        counted = np.ones(len(rows), bool) if counted is None else counted
        self.sampling = sampling = Sampling(len(rows))
        overlaps = {s: Overlaps(*(np.array(row[k]) for k in _PIXELS)) for s, row in rows.items()}
        scored = {s: c and o.positive.any() for (s, o), c in zip(overlaps.items(), counted, strict=True)}
        self.missed = [s for s, o in overlaps.items() if scored[s] and not o.both.any()]
        self.dice = np.array(
            [slice_averages(o)[0] if scored[s] and s not in excluded else np.nan for s, o in overlaps.items()]
        )

        subject = np.repeat(np.arange(len(rows)), [len(row["positive"]) for row in rows.values()])
        kept = counted[subject]
        subject = subject[kept]
        truth, probability, predicted = (
            np.concatenate([row[key] for row in rows.values()])[kept]
            for key in ("positive", "slice_probability", "predicted")
        )
        called = call_rates(truth, predicted > 0, subject, len(rows))
        bleeds = np.array([any(row["positive"]) for row in rows.values()])
        scans, ml, noise = (
            np.array([row[key] for row in rows.values()], np.float64)
            for key in ("scan_probability", "volume_ml", "noise_hu")
        )
        self.figures = {
            "dice": sampling.mean(self.dice),
            "slice_auc": auc(sampling, truth, probability, subject),
            "sensitivity": called["sensitivity"].pooled(sampling),
            "specificity": called["specificity"].pooled(sampling),
            "scan_auc": auc(sampling, bleeds[counted], scans[counted], np.flatnonzero(counted)),
            "false_positive_ml_median": sampling.of_values(
                np.where(counted & ~bleeds, ml, np.nan), lambda sample: float(np.median(sample))
            ),
            "false_positive_ml_p95": sampling.of_values(
                np.where(counted & ~bleeds, ml, np.nan), lambda sample: float(np.percentile(sample, 95))
            ),
            "noise_hu": sampling.mean(np.where(counted, noise, np.nan)),
        }

    def as_json(self) -> dict[str, Any]:
        """The figures with their intervals, and the missed subjects."""
        return {**as_figures(self.figures), "missed": self.missed}

    def less(self, other: ConditionFigures) -> dict[str, Any]:
        """Dice and slice AUC minus those under another condition, for subjects that have a Dice under both."""
        auc = self.figures["slice_auc"].values - other.figures["slice_auc"].values
        less = {"dice": self.sampling.mean(self.dice - other.dice), "slice_auc": Sampled(auc, len(self.dice))}
        return {key: one.as_json() for key, one in less.items()}


def by_condition(rows: Mapping[str, Mapping[str, Row]], excluded: Collection[str] = ()) -> dict[str, Any]:
    """The figures under each condition, and their differences from those under the first one.

    `rows` has, for each subject, the row of each condition; all subjects have the same conditions. Dice excludes the
    subjects in `excluded`.
    """
    conditions = list(next(iter(rows.values())))
    figures = {
        name: ConditionFigures({subject: of[name] for subject, of in rows.items()}, excluded=excluded)
        for name in conditions
    }
    unchanged = figures[conditions[0]]
    return {
        name: {**one.as_json(), **({} if one is unchanged else {"less_unchanged": one.less(unchanged)})}
        for name, one in figures.items()
    }


def by_age(rows: Mapping[str, Row], age_years: Mapping[str, float], excluded: Collection[str] = ()) -> dict[str, Any]:
    """The figures of children and of adults, and the differences (children minus adults)."""
    child = np.array([age_years[subject] < ADULT_YEARS for subject in rows])
    young, old = (ConditionFigures(rows, group, excluded) for group in (child, ~child))
    difference = {
        key: Sampled(young.figures[key].values - old.figures[key].values, len(rows)) for key in ("dice", "slice_auc")
    }
    return {**dict(zip(AGES, (young.as_json(), old.as_json()), strict=True)), "difference": as_figures(difference)}


_PIXELS = ("both", "predicted", "reference")


def auc(sampling: Sampling, truth: NDArray[np.bool_], scores: NDArray[Any], subject: NDArray[Any]) -> Sampled:
    """The area under the ROC curve of N cases, each of a subject; NaN for resamples that lack a class."""

    def of(counts: NDArray[np.int64]) -> float:
        weights = counts[subject]
        both = weights[truth].any() and weights[~truth].any()
        return roc_curve(truth, scores, weights).auc if both else float("nan")

    return Sampled(sampling.each(of), len(truth))
