"""Paired tests against statsmodels, scikit-learn, the definition, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest, norm
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar

from ichor.evaluate.detection import roc_curve
from ichor.evaluate.intervals import Sampled, Sampling
from ichor.evaluate.paired import compare_areas, compare_calls, sampled_difference


def two_models(
    n: int, seed: int, gain: float = 0.0
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Truth and two scores that share most of their error; the second is better by `gain`."""
    draw = np.random.default_rng(seed)
    truth = draw.random(n) < 0.4
    shared = draw.normal(size=n)
    first = truth + shared + 0.5 * draw.normal(size=n)
    return truth, first, truth * (1 + gain) + shared + 0.5 * draw.normal(size=n)


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (0, 1), (3, 9), (10, 10), (25, 8)])
def test_calls_are_compared_as_statsmodels_does(lost: int, won: int) -> None:
    first = np.r_[np.ones(lost + 30, bool), np.zeros(won + 5, bool)]
    second = np.r_[np.zeros(lost, bool), np.ones(30 + won, bool), np.zeros(5, bool)]
    found = compare_calls(first, second)
    assert found.p == pytest.approx(mcnemar([[30, lost], [won, 5]], exact=True).pvalue)
    assert found.value == pytest.approx(second.mean() - first.mean())
    assert (found.only_first, found.only_second, found.n) == (lost, won, len(first))
    assert found.ci95 is not None and found.ci95[0] < found.value < found.ci95[1]


def test_the_interval_of_a_difference_of_calls_covers_it() -> None:
    draw, covered = np.random.default_rng(4), 0
    for _ in range(500):
        both = draw.choice(4, 80, p=[0.7, 0.12, 0.06, 0.12])  # both right, only the first, only the second, neither
        found = compare_calls(np.isin(both, (0, 1)), np.isin(both, (0, 2)))
        assert found.ci95 is not None
        covered += found.ci95[0] <= -0.06 <= found.ci95[1]
    assert 0.93 * 500 <= covered <= 0.99 * 500


def test_without_scans_models_are_not_compared() -> None:
    assert compare_calls([], []).p is None
    assert compare_areas([True], [0.5], [0.4]).value is None


def by_definition(
    truth: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """DeLong's structural components of one score, pair by pair (equations 4 and 5 of the paper)."""
    kernel = np.array([[1.0 if p > q else 0.5 if p == q else 0.0 for q in scores[~truth]] for p in scores[truth]])
    return kernel.mean(axis=1), kernel.mean(axis=0)


@pytest.mark.parametrize("decimals", [8, 0], ids=["no ties", "ties"])
def test_areas_are_compared_as_delong_defines_it(decimals: int) -> None:
    truth, *scores = two_models(60, seed=5, gain=0.4)
    scores = [np.round(one, decimals) for one in scores]
    found = compare_areas(truth, *scores)
    areas = [roc_auc_score(truth, one) for one in scores]
    assert found.value == pytest.approx(areas[1] - areas[0])
    parts = [by_definition(truth, one) for one in scores]
    of_positives, of_negatives = (np.cov(np.stack([one[k] for one in parts])) for k in range(2))
    contrast = np.array([-1.0, 1.0])
    covariance = of_positives / truth.sum() + of_negatives / (~truth).sum()
    deviation = np.sqrt(contrast @ covariance @ contrast)
    assert found.p == pytest.approx(2 * norm.sf(abs(areas[1] - areas[0]) / deviation))
    assert found.ci95 == pytest.approx(
        (found.value - 1.959964 * deviation, found.value + 1.959964 * deviation), abs=1e-6
    )


def test_p_values_of_equal_models_are_uniform() -> None:
    p = [compare_areas(*two_models(150, seed=seed)).p for seed in range(300)]
    assert kstest(p, "uniform").pvalue > 0.01


def test_delong_and_the_paired_bootstrap_agree() -> None:
    truth, first, second = two_models(200, seed=6, gain=0.35)
    delong = compare_areas(truth, first, second)
    sampling = Sampling(200)

    def area(score: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
        return roc_curve(truth, score, counts).auc

    sampled = [Sampled(sampling.each(lambda counts, one=one: area(one, counts)), 200) for one in (first, second)]
    resampled = sampled_difference(*sampled, 200)
    assert resampled.value == pytest.approx(delong.value, abs=1e-5)
    assert delong.ci95 is not None and resampled.ci95 is not None
    assert resampled.ci95 == pytest.approx(delong.ci95, abs=0.01)


def test_a_model_does_not_differ_from_itself() -> None:
    truth, first, _ = two_models(50, seed=7)
    found = compare_areas(truth, first, first)
    assert (found.value, found.p) == (0, 1)
