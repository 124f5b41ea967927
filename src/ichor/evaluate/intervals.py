"""95 % intervals by resampling subjects (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13).

The slices of a subject are correlated, so subjects are drawn with replacement, each with all of its slices; the
interval reaches from the 2.5th to the 97.5th percentile of a metric over 1000 such samples. All metrics use the same
samples, and so do two runs on the same subjects, so that their differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ichor.scan import FloatArray

RESAMPLES = 1000
_SEED = 0


@dataclass(frozen=True, eq=False)
class Sampled:
    """A metric on the original subjects and on each resample of them.

    Attributes:
        values: (1 + RESAMPLES,) the metric itself first, then on each resample; nan where it is not defined.
        n: the number of cases it is averaged over.
    """

    values: FloatArray
    n: int

    @property
    def value(self) -> float:
        """The metric; nan if it is not defined."""
        return float(self.values[0])

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval, over the resamples on which it is defined; nan if there are none."""
        known = self.values[1:][~np.isnan(self.values[1:])]
        low, high = np.percentile(known, [2.5, 97.5]) if known.size else (np.nan, np.nan)
        return float(low), float(high)

    def as_json(self) -> dict[str, Any]:
        """{"value", "ci95", "n"}, with null values if it is not defined."""
        low, high = self.interval
        if np.isnan(self.value) or np.isnan(low):
            return {"value": None, "ci95": None, "n": self.n}
        return {"value": round(self.value, 6), "ci95": [round(low, 6), round(high, 6)], "n": self.n}


class Sampling:
    """The original subjects and RESAMPLES bootstrap samples of them, always the same samples.

    Attributes:
        counts: (1 + RESAMPLES, subjects) how often each subject is in each sample; the first row is all ones.

    Raises ValueError if there is no subject.
    """

    def __init__(self, n_subjects: int) -> None:
        drawn = np.random.default_rng(_SEED).integers(n_subjects, size=(RESAMPLES, n_subjects))
        counts = [np.bincount(sample, minlength=n_subjects) for sample in drawn]
        self.counts: NDArray[np.int64] = np.stack([np.ones(n_subjects, np.int64), *counts])

    def ratio(self, above: ArrayLike, below: ArrayLike) -> FloatArray:
        """(1 + RESAMPLES,) the sum of `above` over a sample's subjects divided by the sum of `below`, both (subjects,).

        nan where the sum of `below` is 0.
        """
        sums, totals = (self.counts @ np.asarray(each, np.float64) for each in (above, below))
        return np.where(totals > 0, sums / np.where(totals > 0, totals, 1), np.nan)

    def mean(self, values: ArrayLike) -> Sampled:
        """The mean of values (subjects,); subjects without a value, nan, are left out."""
        values = np.asarray(values, np.float64)
        known = ~np.isnan(values)
        return Sampled(self.ratio(np.where(known, values, 0), known), int(known.sum()))

    def each(self, of: Callable[[NDArray[np.int64]], ArrayLike]) -> FloatArray:
        """(1 + RESAMPLES, ...) the results of `of` for each sample's counts (subjects,)."""
        return np.array([of(counts) for counts in self.counts], np.float64)

    def of_values(self, values: ArrayLike, of: Callable[[FloatArray], float]) -> Sampled:
        """The result of `of` for the values of each sample's subjects; subjects without a value, nan, are left out.

        Not defined for a sample in which no subject has a value.
        """
        values = np.asarray(values, np.float64)
        known = ~np.isnan(values)

        def drawn(counts: NDArray[np.int64]) -> float:
            sample = np.repeat(values[known], counts[known])
            return of(sample) if sample.size else float("nan")

        return Sampled(self.each(drawn), int(known.sum()))


def as_figures(tree: Any) -> Any:
    """The same tree of dicts, with each `Sampled` as {"value", "ci95", "n"}."""
    if isinstance(tree, Sampled):
        return tree.as_json()
    return {key: as_figures(one) for key, one in tree.items()} if isinstance(tree, dict) else tree
