"""Calibrates probabilities by the slope and intercept of their logit, fitted on cases that were not trained on.

Platt 1999, "Probabilistic outputs for support vector machines", with his smoothed targets. Temperature scaling (Guo et
al. 2017, arXiv:1706.04599) fits the slope without the intercept. It leaves 0.5 unchanged, which is exactly what needs
correcting here: hemorrhage is rarer among all slices and voxels than among those trained on, and the Tversky loss
penalizes false negatives more than false positives. Both shift the logit by a constant (King and Zeng 2001).
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from ichor.scan import FloatArray
from ichor.train.settings import Strict

FEWEST = 5  # cases of a class; with fewer, nothing is fitted
_CLIP = 1e-6
_SLOPES = (1 / 8, 8.0)
_INTERCEPTS = (-20.0, 20.0)

Real = TypeVar("Real", bound=np.floating[Any])


class Calibration(Strict):
    """logit' = slope * logit + intercept; by default the identity."""

    slope: float = Field(1.0, gt=0, description="above 0, so that the ranking of cases stays the same")
    intercept: float = Field(0.0, description="the calibrated logit of a probability of 0.5")

    def apply(self, probability: NDArray[Real]) -> NDArray[Real]:
        """The calibrated probabilities, of any shape, in the same type; 0 and 1 stay unchanged."""
        if self == Calibration():
            return probability
        slope, intercept = probability.dtype.type(self.slope), probability.dtype.type(self.intercept)
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(1 / (1 + np.exp(-intercept - slope * np.log(probability / (1 - probability)))))

    def then(self, further: Calibration) -> Calibration:
        """The calibration that first applies this one and then `further`."""
        return Calibration(
            slope=further.slope * self.slope, intercept=further.slope * self.intercept + further.intercept
        )


class Calibrations(Strict):
    """One calibration for each task; all five subtypes share one, since some are too rare for one of their own."""

    voxel: Calibration = Calibration()
    slice: Calibration = Calibration()
    subtype: Calibration = Calibration()
    scan: Calibration = Field(Calibration(), description="for the scan's probability, calibrated as a slice's is")


def logit(probability: ArrayLike) -> FloatArray:
    """The logit of probabilities, clipped to 1e-6 from 0 and 1."""
    p = np.clip(np.asarray(probability, np.float64), _CLIP, 1 - _CLIP)
    return np.asarray(np.log(p) - np.log1p(-p))


def expit(logits: ArrayLike) -> FloatArray:
    """The probabilities of logits."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-np.asarray(logits, np.float64))))


def fit_calibration(truth: ArrayLike, probability: ArrayLike, weights: ArrayLike | None = None) -> Calibration:
    """The maximum-likelihood calibration for N cases: truth (N,) bool, probability (N,) in 0..1.

    Each case counts `weights` (N,) times, once if None. Returns the identity if a class has fewer than `FEWEST`
    cases. The slope is limited to 1/8 to 8.
    """
    from scipy.optimize import minimize  # slow to import, and not needed for screening

    truth, x = np.asarray(truth, bool), logit(probability)
    weights = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    n_positive, n_negative = float(weights[truth].sum()), float(weights[~truth].sum())
    if min(n_positive, n_negative) < FEWEST:
        return Calibration()
    # Platt's targets allow for a few unseen cases of the other class: perfectly separated classes would otherwise
    # lead to an infinite slope.
    target = np.where(truth, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    share = weights / weights.sum()

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        z = parameters[0] * x + parameters[1]
        error = share * (expit(z) - target)
        return float(share @ (np.logaddexp(0, z) - target * z)), np.array([error @ x, error.sum()])

    found = minimize(
        loss,
        (1.0, 0.0),
        jac=True,
        method="L-BFGS-B",
        bounds=(_SLOPES, _INTERCEPTS),
        options={"ftol": 1e-15, "gtol": 1e-9},
    )
    return Calibration(slope=float(found.x[0]), intercept=float(found.x[1]))
