from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from ichor.evaluate.detection import average_precision, rates, roc_curve

cases = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=4, max_size=60).filter(
    lambda rows: len({truth for truth, _ in rows}) == 2
)


@settings(max_examples=60, deadline=None)
@given(cases)
def test_the_curve_and_its_area_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    truth = np.array([t for t, _ in rows])
    scores = np.array([s / 8 for _, s in rows])
    curve = roc_curve(truth, scores)
    false_positive, true_positive, thresholds = metrics.roc_curve(truth, scores, drop_intermediate=False)
    assert curve.sensitivity == pytest.approx(true_positive)
    assert curve.specificity == pytest.approx(1 - false_positive)
    assert curve.thresholds[1:] == pytest.approx(thresholds[1:])
    assert curve.auc == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert average_precision(truth, scores) == pytest.approx(metrics.average_precision_score(truth, scores))


@settings(max_examples=60, deadline=None)
@given(cases, st.randoms(use_true_random=False))
def test_a_case_counts_as_often_as_its_weight_says(rows: list[tuple[bool, int]], random) -> None:
    truth = np.array([t for t, _ in rows])
    scores = np.array([s / 8 for _, s in rows])
    weights = np.array([random.randint(0, 3) for _ in rows])
    if not weights[truth].any() or not weights[~truth].any():
        return
    curve = roc_curve(truth, scores, weights)
    assert curve.auc == pytest.approx(metrics.roc_auc_score(truth, scores, sample_weight=weights))
    assert average_precision(truth, scores, weights) == pytest.approx(
        metrics.average_precision_score(truth, scores, sample_weight=weights)
    )
    repeated = roc_curve(np.repeat(truth, weights), np.repeat(scores, weights))
    assert curve.sensitivity == pytest.approx(repeated.sensitivity)
    assert curve.thresholds.tolist() == repeated.thresholds.tolist()


def test_specificity_at_a_sensitivity() -> None:
    truth = [True] * 10 + [False] * 10
    scores = [*np.linspace(0.5, 0.95, 10), *np.linspace(0.05, 0.59, 10)]
    specificity, threshold = roc_curve(truth, scores).specificity_at(0.9)
    called = np.array(scores) >= threshold
    assert called[:10].mean() == 0.9
    assert specificity == 1 - called[10:].mean()
    all_of_them, lowest = roc_curve(truth, scores).specificity_at(1.0)
    assert lowest == 0.5
    assert all_of_them <= specificity


def test_sensitivity_at_a_specificity() -> None:
    truth = [True] * 10 + [False] * 10
    scores = [*np.linspace(0.5, 0.95, 10), *np.linspace(0.05, 0.59, 10)]
    false_positive, true_positive, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    for specificity in (0, 0.5, 0.9, 1):
        expected = true_positive[1 - false_positive >= specificity].max()
        assert roc_curve(truth, scores).sensitivity_at(specificity) == pytest.approx(expected)


def test_the_balanced_threshold_is_youdens() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(300) > 0.6
    scores = np.round(rng.normal(truth * 1.2, 1), 2)
    threshold = roc_curve(truth, scores).balanced_threshold
    false_positive, true_positive, thresholds = metrics.roc_curve(truth, scores, drop_intermediate=False)
    assert threshold == thresholds[np.argmax(true_positive - false_positive)]


def test_rates_are_those_of_the_confusion_matrix() -> None:
    rng = np.random.default_rng(0)
    truth, called = rng.random(200) > 0.7, rng.random(200) > 0.5
    tn, fp, fn, tp = metrics.confusion_matrix(truth, called).ravel()
    assert rates(truth, called) == pytest.approx((tp / (tp + fn), tn / (tn + fp), (tp + tn) / 200))
    assert np.isnan(rates([True, True], [True, False])[1])


def test_one_class_alone_has_no_curve() -> None:
    with pytest.raises(ValueError, match="expected cases of both classes, found 2 positive and 0 negative"):
        roc_curve([True, True], [0.1, 0.2])
    with pytest.raises(ValueError, match="found 0 positive and 0 negative"):
        roc_curve([], [])
    with pytest.raises(ValueError, match="expected positive cases, found none"):
        average_precision([False], [0.5])
