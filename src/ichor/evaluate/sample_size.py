"""How many scans are needed for an interval of a given width.

The width is that of Clopper and Pearson's 95 % interval, averaged over the expected counts: the number of correctly
classified scans is binomial. For a share of 0.9 and a width of 0.1, for example, that is the number of scans of a
class with which sensitivity or specificity is known to within 0.05 on either side.
"""

from __future__ import annotations

import numpy as np

from ichor.evaluate.proportions import LEVEL

MOST = 200_000


def expected_width(share: float, n: int, level: float = LEVEL) -> float:
    """The mean width of the exact interval for a true share (above 0, below 1) of n scans."""
    from scipy.stats import beta, binom

    deviation = np.sqrt(n * share * (1 - share))
    low, high = max(0, int(n * share - 8 * deviation - 8)), min(n, int(n * share + 8 * deviation + 8))
    count = np.arange(low, high + 1)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        bottom = np.where(count == 0, 0.0, beta.ppf(tail, count, n - count + 1))
        top = np.where(count == n, 1.0, beta.ppf(1 - tail, count + 1, n - count))
    weight = binom.pmf(count, n, share)
    return float(weight @ (top - bottom) / weight.sum())


def scans_needed(share: float, width: float) -> int:
    """The smallest number of scans with which the expected width is at most `width`.

    Raises ValueError if `share` or `width` is not between 0 and 1, or if more than 200,000 are needed.
    """
    if not (0 < share < 1 and 0 < width < 1):
        raise ValueError(f"expected a share and a width between 0 and 1, found {share:g} and {width:g}")
    low, high = 1, 2
    while expected_width(share, high) > width:
        low, high = high, 2 * high
        if high > MOST:
            raise ValueError(f"expected a width that {MOST} scans reach, found {width:g}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if expected_width(share, middle) > width else (low, middle)
    return high
