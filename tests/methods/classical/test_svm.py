from __future__ import annotations

import numpy as np
import pytest

from ichor.methods.classical.svm import LinearSvm


def cases(n: int = 200, share: float = 0.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two features of which the first tells the class, and ten subjects."""
    rng = np.random.default_rng(0)
    truth = rng.random(n) < share
    features = np.stack([100 + 20 * truth + rng.normal(0, 8, n), rng.normal(0, 1, n)], axis=1)
    return features, truth, np.arange(n) % 10


def test_it_separates_what_can_be_separated() -> None:
    features, truth, subjects = cases()
    machine = LinearSvm.fit(features, truth, subjects)
    assert np.mean((machine.decision(features) > 0) == truth) > 0.85
    probability = machine.probability(features)
    assert probability[truth].mean() > probability[~truth].mean() + 0.4
    assert probability.mean() == pytest.approx(truth.mean(), abs=0.05)
    assert abs(machine.weights[0]) > 10 * abs(machine.weights[1])


def test_it_is_the_machine_of_scikit_learn() -> None:
    from sklearn.svm import SVC

    features, truth, subjects = cases()
    machine = LinearSvm.fit(features, truth, subjects)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    other = SVC(kernel="linear", C=0.1, class_weight="balanced").fit(scaled, truth)
    np.testing.assert_allclose(machine.decision(features), other.decision_function(scaled), atol=1e-6)


@pytest.mark.parametrize("answer", [True, False])
def test_with_one_class_it_always_predicts_it(answer: bool) -> None:
    features, _, subjects = cases(20)
    probability = LinearSvm.fit(features, np.full(20, answer), subjects).probability(features)
    assert np.all((probability > 0.99) == answer) and np.all((probability < 0.01) != answer)


def test_with_one_subject_of_a_class_it_is_not_calibrated() -> None:
    features, _, subjects = cases(40)
    machine = LinearSvm.fit(features, subjects == 3, subjects)
    assert (machine.calibration.slope, machine.calibration.intercept) == (1, 0)


def test_it_is_restored_from_its_numbers() -> None:
    features, truth, subjects = cases()
    machine = LinearSvm.fit(features, truth, subjects)
    assert LinearSvm.model_validate(machine.model_dump(mode="json")) == machine
