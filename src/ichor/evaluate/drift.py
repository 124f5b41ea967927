"""Whether scans are scored as those were that a model was tested on: two shares or two distributions, and a test.

Shares have the exact 95 % interval of Clopper and Pearson (1934), means one from resampling scans. Fisher's exact test
compares two shares, the two-sample Kolmogorov-Smirnov test two distributions: both allow for the reference, too, being
a sample. Neither is made on fewer than FEWEST scans.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.evaluate.intervals import Sampling
from ichor.evaluate.proportions import exact_interval

FEWEST = 20  # with fewer, only a very large difference could be told from chance
ALPHA = 0.05  # divided by the number of tests that are shown together (Bonferroni)


@dataclass(frozen=True, eq=False)
class Scored:
    """What a model said of some scans.

    Attributes:
        probability: (scans,) that the scan shows hemorrhage.
        positive: (scans,) whether hemorrhage is suspected.
    """

    probability: NDArray[np.float64]
    positive: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.probability)


@dataclass(frozen=True, slots=True)
class Figure:
    """A share or a mean over n scans with its 95 % interval; None if there are too few scans for it."""

    value: float | None
    ci95: tuple[float, float] | None
    n: int


@dataclass(frozen=True, slots=True)
class Drift:
    """The p-values of the two tests against the reference; None where there are fewer than FEWEST scans.

    Attributes:
        positives: of Fisher's exact test on the shares of positive scans, two-sided.
        probabilities: of the Kolmogorov-Smirnov test on the distributions of probabilities, two-sided.
    """

    positives: float | None
    probabilities: float | None

    @property
    def p_values(self) -> tuple[float, ...]:
        """Those that there are."""
        return tuple(one for one in (self.positives, self.probabilities) if one is not None)


def share(count: int, n: int) -> Figure:
    """The share of `count` in n scans."""
    return Figure(count / n, exact_interval(count, n), n) if n else Figure(None, None, 0)


def mean(values: NDArray[np.float64]) -> Figure:
    """The mean of values (scans,)."""
    n = len(values)
    if n < 2:  # resamples of one scan are all the same
        return Figure(float(values[0]) if n else None, None, n)
    sampled = Sampling(n).mean(values)
    return Figure(sampled.value, sampled.interval, n)


def drift(scans: Scored, reference: Scored) -> Drift:
    """Test some scans against the reference."""
    if min(len(scans), len(reference)) < FEWEST:
        return Drift(None, None)
    from scipy.stats import fisher_exact, ks_2samp

    table = [[int(one.positive.sum()), int((~one.positive).sum())] for one in (scans, reference)]
    return Drift(
        float(fisher_exact(table).pvalue),
        float(ks_2samp(scans.probability, reference.probability).pvalue),
    )
