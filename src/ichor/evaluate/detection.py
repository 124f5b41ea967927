"""Detection metrics: ROC curve, average precision and rates for slices or scans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class RocCurve:
    """Sensitivity and specificity at every threshold, from the strictest (above all scores) to the most lenient.

    A case is called positive if its score is at or above the threshold.
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

    def sensitivity_at(self, specificity: float) -> float:
        """The highest sensitivity at which `specificity` is still reached."""
        return float(self.sensitivity[self.specificity >= specificity - 1e-12].max())

    @property
    def balanced_threshold(self) -> float:
        """The threshold with the highest sensitivity plus specificity (Youden 1950); the strictest one in a tie."""
        return float(self.thresholds[1:][int(np.argmax((self.sensitivity + self.specificity)[1:]))])


def roc_curve(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> RocCurve:
    """The ROC curve for scores (N,) and truth (N,) bool; each case counts `weights` (N,) times, once if None.

    Raises ValueError if one class is absent.
    """
    thresholds, true_positive, false_positive = _called(truth, scores, weights)
    n_positive, n_negative = (float(called[-1]) if called.size else 0.0 for called in (true_positive, false_positive))
    if not n_positive or not n_negative:
        raise ValueError(f"expected cases of both classes, found {n_positive:g} positive and {n_negative:g} negative")
    return RocCurve(
        thresholds=np.r_[np.inf, thresholds],
        sensitivity=np.r_[0, true_positive / n_positive],
        specificity=1 - np.r_[0, false_positive / n_negative],
    )


def average_precision(truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Sum over thresholds of precision times the step in recall, without interpolation; weights as in `roc_curve`.

    Raises ValueError if no case is positive.
    """
    recall, precision = precision_recall(truth, scores, weights)
    return float(np.sum(np.diff(np.r_[0, recall]) * precision))


def precision_recall(
    truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(recall, precision) at every score as threshold, from the strictest; weights as in `roc_curve`.

    Raises ValueError if no case is positive.
    """
    _, found, false = _called(truth, scores, weights)
    if not found.size or not found[-1]:
        raise ValueError("expected positive cases, found none")
    return found / found[-1], found / (found + false)


def rates(truth: ArrayLike, called: ArrayLike) -> tuple[float, float, float]:
    """(sensitivity, specificity, accuracy) of calls (N,) bool; nan if a class is absent."""
    truth, called = np.asarray(truth, bool), np.asarray(called, bool)

    def share(of: NDArray[np.bool_]) -> float:
        return float(of.mean()) if of.size else float("nan")

    return share(called[truth]), share(~called[~truth]), share(called == truth)


def _called(
    truth: ArrayLike, scores: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The distinct scores, highest first, and the numbers of true and false cases at or above each."""
    truth, scores = np.asarray(truth, bool), np.asarray(scores, np.float64)
    weights = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
    truth, scores, weights = truth[weights > 0], scores[weights > 0], weights[weights > 0]
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    true_positive = np.cumsum((weights * truth)[order])[last_of_ties]
    false_positive = np.cumsum((weights * ~truth)[order])[last_of_ties]
    return scores[order][last_of_ties], true_positive, false_positive
