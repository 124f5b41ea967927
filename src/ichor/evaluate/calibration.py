"""Calibration of probabilities: of the slices that are given 70 %, 70 % should have hemorrhage.

Cases are grouped into ten bins of equal width by their probability. The expected calibration error is the mean over
cases of the absolute difference between their bin's mean probability and the share of its cases with hemorrhage (Naeini
et al. 2015).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ichor.evaluate.intervals import Sampled, Sampling
from ichor.scan import FloatArray

EDGES = np.linspace(0, 1, 11)
_N_BINS = len(EDGES) - 1


def calibration(truth: ArrayLike, probability: ArrayLike, subject: ArrayLike, sampling: Sampling) -> dict[str, Any]:
    """{"ece", "curve"} of N cases: truth (N,) bool, probability (N,) in 0..1, and the index of each case's subject.

    The curve has {"low", "high", "mean_probability", "observed", "n"} for each bin that is not empty; a probability
    on an edge belongs to the bin below.
    """
    truth, probability, subject = np.asarray(truth, bool), np.asarray(probability, np.float64), np.asarray(subject)
    cell = subject * _N_BINS + np.searchsorted(EDGES[1:-1], probability)
    size = (sampling.counts.shape[1], _N_BINS)

    def sums(weights: ArrayLike) -> FloatArray:
        """(subjects, bins) the sums of weights (N,)."""
        flat = np.bincount(cell, np.asarray(weights, np.float64), minlength=size[0] * size[1])
        return flat.reshape(size).astype(np.float64)

    n, predicted, true = sums(np.ones(len(cell))), sums(probability), sums(truth)
    distance = np.abs(sampling.counts @ predicted - sampling.counts @ true).sum(axis=1)
    cases = (sampling.counts @ n).sum(axis=1)
    ece = np.where(cases > 0, distance / np.maximum(cases, 1), np.nan)
    return {"ece": Sampled(ece, len(truth)), "curve": _curve(n.sum(axis=0), predicted.sum(axis=0), true.sum(axis=0))}


def _curve(n: FloatArray, predicted: FloatArray, true: FloatArray) -> list[dict[str, Any]]:
    return [
        {
            "low": round(float(EDGES[i]), 6),
            "high": round(float(EDGES[i + 1]), 6),
            "mean_probability": round(float(predicted[i] / n[i]), 6),
            "observed": round(float(true[i] / n[i]), 6),
            "n": int(n[i]),
        }
        for i in _filled(n)
    ]


def _filled(n: FloatArray) -> NDArray[np.int64]:
    return np.flatnonzero(n > 0)
