"""Paired differences between two models, or two ways to call, on the same scans: `ichor.evaluate.paired` by one rule.

If every patient has one scan, calls are compared by McNemar's test and areas by DeLong's; otherwise both by resampling
patients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.areas import areas
from ichor.evaluate.calibration import calibration
from ichor.evaluate.intervals import Sampled, Sampling
from ichor.evaluate.paired import PairedDifference, compare_areas, compare_calls, sampled_difference
from ichor.scan import FloatArray

Mask = NDArray[np.bool_]


class Pairs:
    """n scans that were called twice: their truth (n,) and the numbers of their patients (n,), without gaps."""

    def __init__(self, truth: Mask, patient: NDArray[np.int64]) -> None:
        self.truth, self.patient = truth, patient
        self.n_patients = int(patient.max()) + 1
        self.independent = self.n_patients == len(truth)
        self.sampling = Sampling(self.n_patients)

    def sensitivity(self, first: Mask, second: Mask) -> dict[str, Any]:
        """The difference of the sensitivities of two calls (n,)."""
        return self._rate(first, second, self.truth)

    def specificity(self, first: Mask, second: Mask) -> dict[str, Any]:
        """The difference of the specificities of two calls (n,)."""
        return self._rate(~first, ~second, ~self.truth)

    def auc(self, first: FloatArray, second: FloatArray) -> dict[str, Any]:
        """The difference of the areas under the ROC curves of two probabilities (n,)."""
        if self.independent:
            return as_json(compare_areas(self.truth, first, second))
        was, now = (areas(self.truth, one, self.patient, self.sampling).auc for one in (first, second))
        return as_json(sampled_difference(was, now, len(self.truth)))

    def brier(self, first: FloatArray, second: FloatArray) -> dict[str, Any]:
        """The difference of the Brier scores."""
        return as_json(sampled_difference(self.brier_of(first), self.brier_of(second), len(self.truth)))

    def calibration_error(self, first: FloatArray, second: FloatArray) -> dict[str, Any]:
        """The difference of the expected calibration errors."""
        was, now = (self.calibration_error_of(one) for one in (first, second))
        return as_json(sampled_difference(was, now, len(self.truth)))

    def calibration_error_of(self, probability: FloatArray) -> Sampled:
        """The expected calibration error of probabilities (n,)."""
        found: Sampled = calibration(self.truth, probability, self.patient, self.sampling)["ece"]
        return found

    def brier_of(self, probability: FloatArray) -> Sampled:
        """The Brier score of probabilities (n,)."""
        error = np.bincount(self.patient, (probability - self.truth) ** 2, minlength=self.n_patients)
        return Sampled(self.sampling.ratio(error, self._sums(np.ones_like(self.truth))), len(self.truth))

    def _rate(self, first: Mask, second: Mask, among: Mask) -> dict[str, Any]:
        """The difference of the shares that are right among some scans."""
        if self.independent:
            return as_json(compare_calls(first[among], second[among]))
        n, cases = int(among.sum()), self._sums(among)
        was, now = (Sampled(self.sampling.ratio(self._sums(one & among), cases), n) for one in (first, second))
        found = sampled_difference(was, now, n)
        lost, won = int(np.sum(first & ~second & among)), int(np.sum(second & ~first & among))
        return as_json(PairedDifference(found.value, found.ci95, found.p, n, lost, won))

    def _sums(self, of: Mask) -> FloatArray:
        return np.bincount(self.patient, of, minlength=self.n_patients).astype(np.float64)


def as_json(found: PairedDifference) -> dict[str, Any]:
    """{"value", "ci95", "p", "n"}, rounded, with "only_first" and "only_second" for rates."""
    rounded: dict[str, Any] = {
        "value": None if found.value is None else round(found.value, 6),
        "ci95": None if found.ci95 is None else [round(one, 6) for one in found.ci95],
        "p": None if found.p is None else round(found.p, 6),
        "n": found.n,
    }
    if found.only_first is not None:
        rounded |= {"only_first": found.only_first, "only_second": found.only_second}
    return rounded
