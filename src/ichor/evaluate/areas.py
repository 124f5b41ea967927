"""Area under the ROC curve and average precision on all resamples at once, for many groups of many scans.

The values are those of `ichor.evaluate.detection`; the scans are sorted once instead of once for each resample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ichor.evaluate.intervals import Sampled, Sampling
from ichor.scan import FloatArray

_AT_ONCE = 2_000_000  # weights in memory


@dataclass(frozen=True, eq=False)
class Areas:
    """Both areas; nan on resamples that lack a class."""

    auc: Sampled
    average_precision: Sampled


def areas(truth: ArrayLike, scores: ArrayLike, subject: ArrayLike, sampling: Sampling) -> Areas:
    """The areas for truth (n,) bool and scores (n,), n > 0, of scans of the given subjects (n,)."""
    truth, scores, subject = np.asarray(truth, bool), np.asarray(scores, np.float64), np.asarray(subject)
    order = np.argsort(-scores, kind="stable")
    truth, subject = truth[order], subject[order]
    first_of_ties = np.flatnonzero(np.r_[True, np.diff(scores[order]) != 0])
    rows = max(1, _AT_ONCE // len(truth))
    parts = [
        _of(sampling.counts[start : start + rows][:, subject].astype(np.float64), truth, first_of_ties)
        for start in range(0, len(sampling.counts), rows)
    ]
    auc, precision = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Areas(Sampled(auc, len(truth)), Sampled(precision, len(truth)))


def _of(weights: FloatArray, truth: np.ndarray, first_of_ties: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Both areas for each row of weights (resamples, n), the scans being sorted by falling score."""
    positive = np.add.reduceat(weights * truth, first_of_ties, axis=1)
    negative = np.add.reduceat(weights * ~truth, first_of_ties, axis=1)
    found, false = positive.cumsum(axis=1), negative.cumsum(axis=1)
    n_positive, n_negative = found[:, -1], false[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        # A positive scan is above all negative ones of lower score and, by half, above those of the same.
        above = (positive * (n_negative[:, None] - false + negative / 2)).sum(axis=1) / (n_positive * n_negative)
        steps = np.where(positive > 0, positive * found / (found + false), 0).sum(axis=1) / n_positive
    both = (n_positive > 0) & (n_negative > 0)
    return np.where(both, above, np.nan), np.where(both, steps, np.nan)
