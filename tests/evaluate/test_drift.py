"""Drift: each interval and each test against SciPy's or against counting all cases, and what few scans get."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy import stats

from ichor.evaluate.drift import FEWEST, Scored, drift, mean, share


def scored(probability: np.ndarray, threshold: float = 0.5) -> Scored:
    return Scored(probability, probability >= threshold)


@pytest.mark.parametrize(("count", "n"), [(0, 7), (7, 7), (3, 20), (41, 200)])
def test_the_interval_of_a_share_is_that_of_clopper_and_pearson(count: int, n: int) -> None:
    found = share(count, n)
    low = stats.beta.ppf(0.025, count, n - count + 1) if count else 0.0
    high = stats.beta.ppf(0.975, count + 1, n - count) if count < n else 1.0
    assert found.value == count / n and found.ci95 == pytest.approx((low, high), abs=1e-9)


def test_the_test_of_shares_agrees_with_counting_all_tables() -> None:
    scans, reference = scored(np.linspace(0.4, 0.9, 25)), scored(np.linspace(0, 0.7, 30))
    a, b = int(scans.positive.sum()), int(reference.positive.sum())
    chance = [
        comb(25, k) * comb(30, a + b - k) / comb(55, a + b) for k in range(max(0, a + b - 30), min(25, a + b) + 1)
    ]
    seen = comb(25, a) * comb(30, b) / comb(55, a + b)
    assert drift(scans, reference).positives == pytest.approx(sum(one for one in chance if one <= seen * (1 + 1e-9)))


def test_the_test_of_distributions_agrees_with_scipy_and_with_counting_all_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    scans, reference = scored(rng.beta(2, 3, 60)), scored(rng.beta(2, 2, 82))
    found = drift(scans, reference)
    expected = stats.ks_2samp(scans.probability, reference.probability, method="exact").pvalue
    assert found.probabilities == pytest.approx(expected)
    monkeypatch.setattr("ichor.evaluate.drift.FEWEST", 4)
    few, others = np.array([0.1, 0.2, 0.3, 0.8, 0.85]), np.array([0.4, 0.5, 0.6, 0.7, 0.9, 0.95])
    every = np.concatenate([few, others])

    def distance(chosen: tuple[int, ...]) -> float:
        mask = np.isin(np.arange(len(every)), chosen)
        steps = np.sort(every)
        one, other = ((part[:, None] <= steps).mean(axis=0) for part in (every[mask], every[~mask]))
        return float(np.abs(one - other).max())

    distances = [distance(chosen) for chosen in combinations(range(len(every)), len(few))]
    share_as_far = np.mean(np.array(distances) >= distance(tuple(range(len(few)))) - 1e-12)
    assert drift(scored(few), scored(others)).probabilities == pytest.approx(share_as_far)


def test_the_interval_of_a_mean_is_close_to_that_of_student() -> None:
    values = np.random.default_rng(1).random(100)
    found = mean(values)
    expected = stats.t.interval(0.95, 99, values.mean(), stats.sem(values))
    assert found.value == pytest.approx(values.mean()) and found.ci95 == pytest.approx(expected, abs=0.01)


def test_scans_of_the_same_kind_are_distinguished_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(5)
    reference = scored(rng.random(82))
    p = [drift(scored(rng.random(40)), scored(rng.random(82))) for _ in range(300)]
    for values in ([one.positives for one in p], [one.probabilities for one in p]):
        assert np.mean(np.array(values, float) < 0.05) < 0.08
    other = drift(scored(rng.random(40) ** 4), reference)
    assert other.positives is not None and other.probabilities is not None
    assert other.positives < 0.01 and other.probabilities < 0.001


def test_few_scans_get_no_test_and_no_scans_no_figure() -> None:
    reference = scored(np.linspace(0, 1, 82))
    assert drift(scored(np.zeros(FEWEST - 1)), reference).p_values == ()
    assert len(drift(scored(np.zeros(FEWEST)), reference).p_values) == 2
    assert share(0, 0).value is None and mean(np.zeros(0)).value is None
    assert mean(np.full(1, 0.3)).value == 0.3 and mean(np.full(1, 0.3)).ci95 is None
