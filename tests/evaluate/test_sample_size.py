"""Numbers of scans for a wanted width, against statsmodels and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint, samplesize_confint_proportion

from ichor.evaluate.sample_size import expected_width, scans_needed


@pytest.mark.parametrize(("share", "width"), [(0.5, 0.2), (0.9, 0.1), (0.95, 0.05), (0.98, 0.1)])
def test_the_number_of_scans_gives_the_stated_width_on_average(share: float, width: float) -> None:
    n = scans_needed(share, width)
    count = np.random.default_rng(8).binomial(n, share, 20_000)
    low, high = proportion_confint(count, n, method="beta")
    assert (high - low).mean() == pytest.approx(width, rel=0.03)
    assert expected_width(share, n) <= width < expected_width(share, n - 1)


@pytest.mark.parametrize("share", [0.8, 0.9])
def test_the_number_agrees_with_the_continuity_corrected_normal_approximation(share: float) -> None:
    """Exact intervals are wider by 1 / n; the number of scans then grows by 2 / width."""
    theirs = samplesize_confint_proportion(share, 0.025, method="normal")
    assert scans_needed(share, 0.05) == pytest.approx(theirs + 2 / 0.05, rel=0.01)


@pytest.mark.parametrize(("share", "width"), [(0, 0.1), (1, 0.1), (0.9, 0), (0.9, 1)])
def test_impossible_widths_and_shares_are_refused(share: float, width: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        scans_needed(share, width)
    with pytest.raises(ValueError, match="scans reach"):
        scans_needed(0.5, 0.001)
