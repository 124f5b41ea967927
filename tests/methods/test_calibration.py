from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression

from ichor.methods.calibration import FEWEST, Calibration, expit, fit_calibration, logit


def drawn(n: int, slope: float, intercept: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities that the calibration of this slope and intercept sets right."""
    rng = np.random.default_rng(seed)
    x = rng.normal(-1, 2, n)
    return rng.random(n) < expit(slope * x + intercept), expit(x)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.4, -2.0), (2.5, 1.0)])
def test_it_is_the_unpenalized_logistic_regression_on_the_logit(slope: float, intercept: float) -> None:
    truth, probability = drawn(2000, slope, intercept)
    weights = np.random.default_rng(1).integers(1, 4, len(truth))
    found = fit_calibration(truth, probability, weights)
    # Platt's targets, as two cases each.
    n_positive, n_negative = weights[truth].sum(), weights[~truth].sum()
    target = np.where(truth, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    x, y = np.tile(logit(probability), 2)[:, None], np.repeat([True, False], len(truth))
    regression = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    regression.fit(x, y, np.concatenate([weights * target, weights * (1 - target)]))
    assert found.slope == pytest.approx(regression.coef_[0, 0], abs=1e-4)
    assert found.intercept == pytest.approx(regression.intercept_[0], abs=1e-4)
    assert found.slope == pytest.approx(slope, rel=0.2)


def test_what_is_calibrated_stays_as_it_is() -> None:
    truth, probability = drawn(200_000, 1, 0)
    found = fit_calibration(truth, probability)
    assert np.abs(found.apply(probability) - probability).max() < 0.01


def test_overconfident_probabilities_improve_by_brier_score() -> None:
    truth, probability = drawn(2000, 0.3, -1.5)
    held_out, said = drawn(2000, 0.3, -1.5, seed=2)
    calibrated = fit_calibration(truth, probability).apply(said)
    assert np.mean((calibrated - held_out) ** 2) < np.mean((said - held_out) ** 2) - 0.01


@pytest.mark.parametrize("n_positive", [0, FEWEST - 1, 30 - FEWEST + 1, 30])
def test_too_few_cases_of_a_class_give_no_calibration(n_positive: int) -> None:
    truth = np.arange(30) < n_positive
    assert fit_calibration(truth, np.linspace(0, 1, 30)) == Calibration()
    assert fit_calibration(np.empty(0, bool), np.empty(0)) == Calibration()


def test_perfectly_separated_classes_do_not_become_certain() -> None:
    truth = np.arange(20) < 8
    found = fit_calibration(truth, np.where(truth, 0.6, 0.4)).apply(np.array([0.4, 0.6]))
    assert found == pytest.approx([1 / 14, 9 / 10], abs=1e-3)  # Platt's targets
    extreme = fit_calibration(truth, truth.astype(float)).apply(np.array([1e-6, 1 - 1e-6]))
    assert np.isfinite(extreme).all()


def test_cases_in_the_wrong_order_do_not_turn_it_over() -> None:
    truth = np.arange(100) < 50
    assert fit_calibration(truth, np.linspace(0.1, 0.9, 100)).slope > 0
    with pytest.raises(ValidationError):
        Calibration(slope=0)


@given(st.floats(0.125, 8), st.floats(-20, 20))
def test_order_type_and_certainty_are_kept(slope: float, intercept: float) -> None:
    probability = np.linspace(0, 1, 101).astype(np.float32)
    found = Calibration(slope=slope, intercept=intercept).apply(probability)
    assert found.dtype == np.float32
    assert (np.diff(found) >= 0).all() and found[0] == 0 and found[-1] == 1


def test_the_identity_changes_no_bit() -> None:
    probability = np.random.default_rng(0).random(100, np.float32)
    assert np.array_equal(Calibration().apply(probability), probability)
