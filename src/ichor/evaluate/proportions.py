"""Proportions of scans with exact 95 % intervals, and predictive values at a given prevalence.

The interval is that of Clopper and Pearson (1934): it holds for few scans, and where all or none are called right;
resampling gives an interval of no width there. If patients have several scans, these are correlated; then the number of
scans is divided by the design effect, the ratio of the variance between patients to that of independent scans (Korn and
Graubard 1998, Survey Methodology 24:193-201).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of n scans with its 95 % interval; None if there are no scans.

    Attributes:
        value: the share.
        ci95: its interval.
        n: the number of scans.
        count: how many of them.
        effective_n: the number of independent scans with as wide an interval; n if every patient has one scan.
    """

    value: float | None
    ci95: tuple[float, float] | None
    n: int
    count: int
    effective_n: float

    def as_json(self) -> dict[str, Any]:
        """{"value", "ci95", "n", "count"}, rounded to six decimals."""
        ci95 = None if self.ci95 is None else [round(one, 6) for one in self.ci95]
        value = None if self.value is None else round(self.value, 6)
        return {"value": value, "ci95": ci95, "n": self.n, "count": self.count}


def exact_interval(count: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Clopper and Pearson's interval for `count` in n, which need not be whole numbers."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = 0.0 if count <= 0 else float(beta.ppf(tail, count, n - count + 1))
    high = 1.0 if count >= n else float(beta.ppf(1 - tail, count + 1, n - count))
    return low, high


def proportion(right: ArrayLike, patient: ArrayLike | None = None) -> Proportion:
    """The share of scans (n,) that are `right`; `patient` (n,) has the number of each scan's patient.

    Without `patient` the scans are independent.
    """
    right = np.asarray(right, bool)
    n, count = len(right), int(right.sum())
    if not n:
        return Proportion(None, None, 0, 0, 0.0)
    effective = n / (1.0 if patient is None else _design_effect(right, np.asarray(patient)))
    share = count / n
    return Proportion(share, exact_interval(share * effective, effective), n, count, effective)


def _design_effect(right: np.ndarray[Any, Any], patient: np.ndarray[Any, Any]) -> float:
    """How many times the variance between patients is that of independent scans; at least 1."""
    n, share = len(right), right.mean()
    _, number = np.unique(patient, return_inverse=True)
    patients = int(number.max()) + 1
    if patients == n or patients < 2 or share in (0, 1):
        # Where all scans are called alike nothing is known of the correlation: each patient counts once.
        return n / patients
    residuals = np.bincount(number, right - share)
    between = patients / (patients - 1) * float(np.sum(residuals**2)) / n**2
    return max(1.0, between / float(share * (1 - share) / n))


def predictive_values(sensitivity: Proportion, specificity: Proportion, prevalence: float) -> dict[str, dict[str, Any]]:
    """{"positive", "negative"}: the predictive values at a prevalence between 0 and 1, each {"value", "ci95", "n"}.

    The odds of hemorrhage after a call are those before it times the ratio of two rates. The logarithm of the ratio has
    the interval of two binomials with one half added to their counts (Pettigrew, Gart and Thomas 1986, Biometrika
    73:425-435), which is defined where all scans are called right, too. Values are None where a class is absent.
    """
    n = sensitivity.n + specificity.n
    if sensitivity.value is None or specificity.value is None:
        return {name: {"value": None, "ci95": None, "n": n} for name in ("positive", "negative")}
    odds = prevalence / (1 - prevalence)
    found, missed = sensitivity.value * sensitivity.effective_n, (1 - sensitivity.value) * sensitivity.effective_n
    spared, alarms = specificity.value * specificity.effective_n, (1 - specificity.value) * specificity.effective_n
    sizes = sensitivity.effective_n, specificity.effective_n
    return {
        "positive": _predictive(odds, (found, alarms), sizes, n),
        "negative": _predictive(1 / odds, (spared, missed), sizes[::-1], n),
    }


def _predictive(odds: float, counts: tuple[float, float], sizes: tuple[float, float], n: int) -> dict[str, Any]:
    """The share that the first count has, both being weighted by the odds between the groups of these sizes."""
    right, wrong = odds * counts[0] / sizes[0], counts[1] / sizes[1]
    if right + wrong == 0:
        return {"value": None, "ci95": None, "n": n}
    value = right / (right + wrong)
    (first, first_variance), (second, second_variance) = (_log(*each) for each in zip(counts, sizes, strict=True))
    half = _z() * float(np.sqrt(first_variance + second_variance))
    low, high = (float(1 / (1 + np.exp(-(np.log(odds) + first - second + side * half)))) for side in (-1, 1))
    low, high = min(low, value), max(high, value)  # the half that is added draws both towards one half
    return {"value": round(value, 6), "ci95": [round(low, 6), round(high, 6)], "n": n}


def _log(count: float, n: float) -> tuple[float, float]:
    """The logarithm of a binomial share, nearly without bias, and its variance."""
    return float(np.log((count + 0.5) / (n + 0.5))), 1 / (count + 0.5) - 1 / (n + 0.5)


def _z() -> float:
    from scipy.stats import norm

    return float(norm.ppf((1 + LEVEL) / 2))
