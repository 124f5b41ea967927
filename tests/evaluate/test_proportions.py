"""Intervals of shares against SciPy and statsmodels, and predictive values against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from ichor.evaluate.proportions import exact_interval, predictive_values, proportion


@pytest.mark.parametrize(("count", "n"), [(0, 1), (0, 30), (1, 7), (19, 40), (39, 40), (30, 30), (812, 1000)])
def test_the_interval_is_that_of_scipy_and_of_statsmodels(count: int, n: int) -> None:
    found = exact_interval(count, n)
    theirs = binomtest(count, n).proportion_ci(0.95, method="exact")
    assert found == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert found == pytest.approx(proportion_confint(count, n, method="beta"), abs=1e-12)


def test_a_share_without_scans_is_not_defined() -> None:
    assert proportion([]).as_json() == {"value": None, "ci95": None, "n": 0, "count": 0}


def test_independent_scans_all_count() -> None:
    found = proportion([True, True, False, True], patient=[3, 1, 2, 0])
    assert (found.value, found.n, found.count, found.effective_n) == (0.75, 4, 3, 4.0)
    assert found.ci95 == pytest.approx(exact_interval(3, 4))


def test_scans_of_a_patient_that_are_all_alike_count_once() -> None:
    """40 patients with five equal scans each tell no more than 40 scans."""
    one_each = np.arange(40) < 30
    found = proportion(np.repeat(one_each, 5), np.repeat(np.arange(40), 5))
    assert found.n == 200 and found.value == 0.75
    assert found.effective_n == pytest.approx(40, rel=0.03)
    assert found.ci95 == pytest.approx(exact_interval(30, 40), abs=0.005)


def test_scans_of_a_patient_without_correlation_all_count() -> None:
    right = np.random.default_rng(1).random(3000) < 0.8
    found = proportion(right, np.repeat(np.arange(1000), 3))
    assert found.effective_n == pytest.approx(3000, rel=0.1)


def test_where_all_scans_are_right_each_patient_counts_once() -> None:
    found = proportion([True] * 12, np.repeat([0, 1, 2], 4))
    assert found.ci95 == pytest.approx(exact_interval(3, 3))


def test_the_interval_covers_the_true_share_of_correlated_scans() -> None:
    """Simulated: patients differ in how easy they are. Without the correction, coverage would be far below 95 %."""
    draw = np.random.default_rng(2)
    patient = np.repeat(np.arange(60), 4)
    covered = {"with": 0, "without": 0}
    for _ in range(300):
        right = draw.random(240) < np.repeat(draw.beta(4, 1, 60), 4)
        for name, of in (("with", patient), ("without", None)):
            low, high = proportion(right, of).ci95 or (0, 0)
            covered[name] += low <= 0.8 <= high
    assert covered["with"] >= 0.93 * 300 > covered["without"]


def test_predictive_values_follow_from_bayes() -> None:
    sensitivity, specificity = proportion(np.arange(100) < 90), proportion(np.arange(200) < 160)
    found = predictive_values(sensitivity, specificity, 0.1)
    assert found["positive"]["value"] == pytest.approx(0.9 * 0.1 / (0.9 * 0.1 + 0.2 * 0.9), abs=1e-6)
    assert found["negative"]["value"] == pytest.approx(0.8 * 0.9 / (0.8 * 0.9 + 0.1 * 0.1), abs=1e-6)
    assert found["positive"]["n"] == 300


def test_at_the_prevalence_of_the_scans_they_are_the_shares_of_the_calls() -> None:
    found = predictive_values(proportion(np.arange(30) < 24), proportion(np.arange(70) < 63), 0.3)
    assert found["positive"]["value"] == pytest.approx(24 / 31, abs=1e-6)
    assert found["negative"]["value"] == pytest.approx(63 / 69, abs=1e-6)


@pytest.mark.parametrize("prevalence", [0.05, 0.3])
def test_their_intervals_cover_the_true_values(prevalence: float) -> None:
    draw, covered, n = np.random.default_rng(3), {"positive": 0, "negative": 0}, 400
    true = {
        "positive": 0.9 * prevalence / (0.9 * prevalence + 0.15 * (1 - prevalence)),
        "negative": 0.85 * (1 - prevalence) / (0.85 * (1 - prevalence) + 0.1 * prevalence),
    }
    for _ in range(n):
        found = predictive_values(proportion(draw.random(60) < 0.9), proportion(draw.random(90) < 0.85), prevalence)
        for name, value in true.items():
            low, high = found[name]["ci95"]
            covered[name] += low <= value <= high
    assert all(0.92 * n <= count <= 0.99 * n for count in covered.values()), covered


def test_where_all_calls_are_right_the_interval_has_a_width() -> None:
    found = predictive_values(proportion([True] * 20), proportion([True] * 20), 0.1)
    assert found["positive"]["value"] == found["negative"]["value"] == 1
    assert 0.1 < found["positive"]["ci95"][0] < 0.6 and found["positive"]["ci95"][1] == 1
    assert 0.95 < found["negative"]["ci95"][0] < 1


def test_without_a_class_they_are_not_defined() -> None:
    found = predictive_values(proportion([True]), proportion([]), 0.5)
    assert found["positive"] == found["negative"] == {"value": None, "ci95": None, "n": 1}
