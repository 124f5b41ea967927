"""Paired comparison of two models on the same scans.

Calls are compared by McNemar's exact test (1947) and the difference of the two rates with the interval of Bonett and
Price (2012, Journal of Educational and Behavioral Statistics 37:479-488), which is defined where no call differs, too.
Areas under the ROC curve are compared by the test of DeLong, DeLong and Clarke-Pearson (1988, Biometrics 44:837-845).
If patients have several scans, areas are compared by resampling patients instead, and so is everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ichor.evaluate.intervals import Sampled
from ichor.scan import FloatArray


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The second model's figure minus the first's; None if it is not defined.

    Attributes:
        value: the difference.
        ci95: its 95 % interval.
        p: two-sided.
        n: the number of scans.
        only_first: how many only the first model calls right; None for a figure that is no rate.
        only_second: how many only the second does; None likewise.
    """

    value: float | None
    ci95: tuple[float, float] | None
    p: float | None
    n: int
    only_first: int | None = None
    only_second: int | None = None


def compare_calls(first: ArrayLike, second: ArrayLike) -> PairedDifference:
    """Compare the rates at which two models are right on independent scans, both (n,) bool."""
    from scipy.stats import binomtest, norm

    first, second = np.asarray(first, bool), np.asarray(second, bool)
    n, lost, won = len(first), int(np.sum(first & ~second)), int(np.sum(second & ~first))
    if not n:
        return PairedDifference(None, None, None, 0, 0, 0)
    p = 1.0 if lost + won == 0 else float(binomtest(won, lost + won).pvalue)
    gain, loss = (won + 1) / (n + 2), (lost + 1) / (n + 2)
    half = float(norm.ppf(0.975)) * float(np.sqrt((gain + loss - (gain - loss) ** 2) / (n + 2)))
    interval = max(-1.0, gain - loss - half), min(1.0, gain - loss + half)
    return PairedDifference((won - lost) / n, interval, p, n, lost, won)


def compare_areas(truth: ArrayLike, first: ArrayLike, second: ArrayLike) -> PairedDifference:
    """Compare the areas under two ROC curves of independent scans: truth (n,) bool and two scores (n,)."""
    from scipy.stats import norm

    truth, n = np.asarray(truth, bool), len(np.asarray(truth))
    positive, negative = int(truth.sum()), int((~truth).sum())
    if min(positive, negative) < 2:
        return PairedDifference(None, None, None, n)
    placed = [_placements(truth, np.asarray(one, np.float64)) for one in (first, second)]
    above, below = (np.stack([one[k] for one in placed]) for k in range(2))
    covariance = np.cov(above) / positive + np.cov(below) / negative
    value = float(above[1].mean() - above[0].mean())
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    deviation = float(np.sqrt(max(variance, 0.0)))
    if deviation <= 1e-12:  # the models rank the scans alike, or one is better by the same amount everywhere
        return PairedDifference(value, (value, value), 1.0 if abs(value) < 1e-12 else 0.0, n)
    half = float(norm.ppf(0.975)) * deviation
    return PairedDifference(value, (value - half, value + half), float(2 * norm.sf(abs(value) / deviation)), n)


def _placements(truth: NDArray[np.bool_], score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """For each positive the share of negatives below it, and for each negative that of positives above; ties half."""
    from scipy.stats import rankdata

    positive, negative = score[truth], score[~truth]
    together = rankdata(np.r_[positive, negative])
    m, n = len(positive), len(negative)
    above = (together[:m] - rankdata(positive)) / n
    below = 1 - (together[m:] - rankdata(negative)) / m
    return np.asarray(above), np.asarray(below)


def sampled_difference(first: Sampled, second: Sampled, n: int) -> PairedDifference:
    """The second minus the first figure of a paired bootstrap (Efron and Tibshirani 1993, chapter 16).

    p is twice the share of resamples on the rarer side of 0; one is added to both counts, so that it is never 0.
    """
    difference = Sampled(second.values - first.values, n)
    figure = difference.as_json()
    if figure["value"] is None:
        return PairedDifference(None, None, None, n)
    drawn = difference.values[1:][~np.isnan(difference.values[1:])]
    sides = [(1 + np.sum(drawn <= 0)) / (1 + drawn.size), (1 + np.sum(drawn >= 0)) / (1 + drawn.size)]
    low, high = figure["ci95"]
    return PairedDifference(figure["value"], (low, high), round(min(1.0, 2 * float(min(sides))), 6), n)


def signed_rank_p(difference: NDArray[np.float64]) -> float:
    """The p-value of Wilcoxon's signed-rank test (1945) of paired differences; 1 if there are none."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(difference).pvalue) if difference.any() else 1.0
