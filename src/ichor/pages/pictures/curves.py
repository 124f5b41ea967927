"""Data for ROC and precision-recall curves: slices and scans with their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.detection import precision_recall, roc_curve
from ichor.evaluate.intervals import Sampling
from ichor.evaluate.results import SubjectResult
from ichor.scan import FloatArray

GRID = np.linspace(0, 1, 201)


@dataclass(frozen=True, eq=False)
class Scored:
    """N slices or scans of some subjects.

    Attributes:
        name: "slices" or "scans".
        truth: (N,) bool, whether each has hemorrhage.
        probability: (N,) the predicted probability of hemorrhage.
        subject: (N,) the index of its subject.
        n_subjects: the number of subjects.
    """

    name: str
    truth: NDArray[np.bool_]
    probability: FloatArray
    subject: NDArray[np.int64]
    n_subjects: int

    @property
    def both_classes(self) -> bool:
        """Whether there are cases both with and without hemorrhage; otherwise there is no curve."""
        return bool(self.truth.any() and not self.truth.all())


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve with its 95 % band from resampling subjects.

    Attributes:
        x, y: (points,) the curve itself.
        low, high: (len(GRID),) the band over GRID.
    """

    x: FloatArray
    y: FloatArray
    low: FloatArray
    high: FloatArray


def slices_of(results: Sequence[SubjectResult]) -> Scored:
    """All slices of all subjects of which it is known whether they have hemorrhage."""
    return Scored(
        "slices",
        np.concatenate([r.positive[r.known_slices] for r in results]),
        np.concatenate([r.slice_probability[r.known_slices] for r in results]),
        np.repeat(np.arange(len(results)), [int(r.known_slices.sum()) for r in results]),
        len(results),
    )


def scans_of(results: Sequence[SubjectResult]) -> Scored:
    """All scans, one per subject, of which it is known whether they have hemorrhage."""
    known = [k for k, r in enumerate(results) if r.has_hemorrhage is not None]
    return Scored(
        "scans",
        np.array([results[k].has_hemorrhage for k in known], bool),
        np.array([results[k].scan_probability for k in known], np.float64),
        np.array(known, np.int64),
        len(results),
    )


def roc(cases: Scored) -> Curve:
    """Sensitivity over the false-positive rate. Raises ValueError if a class is absent."""

    def points(weights: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        curve = roc_curve(cases.truth, cases.probability, weights)
        return 1 - curve.specificity, curve.sensitivity

    return _with_band(cases, points, lambda x, y: np.asarray(np.interp(GRID, x, y)))


def precision_over_recall(cases: Scored) -> Curve:
    """Precision over recall, as steps. Raises ValueError if a class is absent."""

    def points(weights: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        recall, precision = precision_recall(cases.truth, cases.probability, weights)
        return np.r_[0, recall], np.r_[precision[:1], precision]

    def on_grid(recall: FloatArray, precision: FloatArray) -> FloatArray:
        """At each recall, the precision of the strictest threshold that reaches it."""
        return precision[np.minimum(np.searchsorted(recall, GRID - 1e-12), len(precision) - 1)]

    return _with_band(cases, points, on_grid)


def _with_band(
    cases: Scored,
    points: Callable[[NDArray[np.int64]], tuple[FloatArray, FloatArray]],
    on_grid: Callable[[FloatArray, FloatArray], FloatArray],
) -> Curve:
    def drawn(counts: NDArray[np.int64]) -> FloatArray:
        weights = counts[cases.subject]
        if not weights[cases.truth].any() or not weights[~cases.truth].any():
            return np.full(len(GRID), np.nan)  # a resample may lack a class: it has no curve
        return on_grid(*points(weights))

    samples = Sampling(cases.n_subjects).each(drawn)[1:]
    low, high = np.nanpercentile(samples, [2.5, 97.5], axis=0)
    return Curve(*points(np.ones(len(cases.truth), np.int64)), low, high)
