"""How well hemorrhage is told from none, slice by slice or scan by scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class RocCurve:
    """Sensitivity and specificity at every threshold, from the strictest (above all scores) to the most lenient.

    A case is called positive where its score is at or above the threshold.
    """

    thresholds: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]

    @property
    def auc(self) -> float:
        """Area under the curve; ties count half."""
        return float(np.trapezoid(self.sensitivity, 1 - self.specificity))

    def specificity_at(self, sensitivity: float) -> tuple[float, float]:
        """(specificity, threshold) at the strictest threshold that reaches `sensitivity`."""
        reached = int(np.argmax(self.sensitivity >= sensitivity - 1e-12))
        return float(self.specificity[reached]), float(self.thresholds[reached])

    @property
    def balanced_threshold(self) -> float:
        """The threshold of the highest sensitivity plus specificity (Youden 1950), the strictest of equals."""
        return float(self.thresholds[1:][int(np.argmax((self.sensitivity + self.specificity)[1:]))])


def roc_curve(truth: ArrayLike, scores: ArrayLike) -> RocCurve:
    """The ROC curve of scores (N,) against truth (N,) bool. Raises ValueError where one class is absent."""
    truth, scores = np.asarray(truth, bool), np.asarray(scores, np.float64)
    n_positive, n_negative = int(truth.sum()), int((~truth).sum())
    if not n_positive or not n_negative:
        raise ValueError(f"expected cases of both classes, found {n_positive} positive and {n_negative} negative")
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]
    true_positive = np.cumsum(truth[order])[last_of_ties]
    false_positive = np.cumsum(~truth[order])[last_of_ties]
    return RocCurve(
        thresholds=np.r_[np.inf, scores[order][last_of_ties]],
        sensitivity=np.r_[0, true_positive / n_positive],
        specificity=1 - np.r_[0, false_positive / n_negative],
    )


def rates(truth: ArrayLike, called: ArrayLike) -> tuple[float, float, float]:
    """(sensitivity, specificity, accuracy) of calls (N,) bool; nan where a class is absent."""
    truth, called = np.asarray(truth, bool), np.asarray(called, bool)

    def share(of: NDArray[np.bool_]) -> float:
        return float(of.mean()) if of.size else float("nan")

    return share(called[truth]), share(~called[~truth]), share(called == truth)


def brier_score(truth: ArrayLike, probability: ArrayLike) -> float:
    """Mean squared difference of probability and truth (Brier 1950)."""
    return float(np.mean((np.asarray(probability, np.float64) - np.asarray(truth, bool)) ** 2))


def average_precision(truth: ArrayLike, scores: ArrayLike) -> float:
    """Sum over thresholds of precision times the step in recall; no interpolation.

    Raises ValueError where no case is positive.
    """
    truth, scores = np.asarray(truth, bool), np.asarray(scores, np.float64)
    if not truth.any():
        raise ValueError("expected positive cases, found none")
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.r_[np.flatnonzero(np.diff(scores[order])), len(scores) - 1]
    found = np.cumsum(truth[order])[last_of_ties]
    precision = found / (last_of_ties + 1)
    return float(np.sum(np.diff(np.r_[0, found / truth.sum()]) * precision))
