"""New thresholds and a new calibration from a site's scans, and what they gain on scans that were not used for them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from statsmodels.stats.contingency_tables import mcnemar

from ichor.findings.verdict import Tier, tier_of
from ichor.validation.crossing import FOLDS, folds_of
from ichor.validation.recalibration import FEWEST, Recalibrated, recalibrate
from synthetic_truth import made_cases

# The logit of the model's probabilities is too high by 2 at this site.
CASES = made_cases(400, seed=5, shift=2.0)
TRUTH = np.array([one.truth.hemorrhage for one in CASES])
BEFORE = np.array([one.found.probability for one in CASES if one.found])


@pytest.fixture(scope="module")
def result() -> Recalibrated:
    found = recalibrate(CASES)
    assert isinstance(found, Recalibrated)
    return found


def test_no_patient_is_in_two_folds_and_all_folds_are_alike() -> None:
    patient = np.arange(300) // 3
    truth = np.repeat(np.random.default_rng(6).random(100) < 0.3, 3)
    fold = folds_of(truth, patient)
    assert set(fold.tolist()) == set(range(1, FOLDS + 1))
    assert all(len(set(fold[patient == one].tolist())) == 1 for one in range(100))
    positives = [truth[fold == one].sum() for one in range(1, FOLDS + 1)]
    assert max(positives) - min(positives) <= 3 and np.array_equal(fold, folds_of(truth, patient))


def platt(truth: np.ndarray, probability: np.ndarray) -> LogisticRegression:
    """Platt's regression by scikit-learn: each scan counts as both classes, weighted by his smoothed target."""
    target = np.where(truth, (truth.sum() + 1) / (truth.sum() + 2), 1 / ((~truth).sum() + 2))
    twice, classes = np.r_[logit(probability), logit(probability)][:, None], np.repeat([True, False], len(truth))
    return LogisticRegression(C=np.inf, tol=1e-8).fit(twice, classes, np.r_[target, 1 - target])


def test_the_calibration_is_the_logistic_regression_of_scikit_learn(result: Recalibrated) -> None:
    theirs = platt(TRUTH, BEFORE)
    assert result.calibration.slope == pytest.approx(theirs.coef_[0, 0], rel=1e-4)
    assert result.calibration.intercept == pytest.approx(theirs.intercept_[0], rel=1e-4)


def test_each_scan_is_calibrated_without_its_fold(result: Recalibrated) -> None:
    test = result.fold == 3
    theirs = platt(TRUTH[~test], BEFORE[~test])
    expected = theirs.predict_proba(logit(BEFORE[test])[:, None])[:, 1]
    assert result.probability[test] == pytest.approx(expected, abs=1e-5)


def test_what_is_gained_is_measured_on_scans_that_were_not_used(result: Recalibrated) -> None:
    brier = result.gains["brier"]
    assert brier["before"]["value"] == pytest.approx(brier_score_loss(TRUTH, BEFORE), abs=1e-6)
    assert brier["after"]["value"] == pytest.approx(brier_score_loss(TRUTH, result.probability), abs=1e-6)
    assert brier["difference"]["value"] < 0 and brier["difference"]["ci95"][1] < 0 and brier["difference"]["p"] < 0.05
    error = result.gains["calibration_error"]
    assert error["after"]["value"] < 0.1 < error["before"]["value"]


def test_the_thresholds_are_those_of_the_verdict_rule(result: Recalibrated) -> None:
    """On all scans the rule reaches what it was chosen for; measured by cross-fitting, about that."""
    after = result.calibration.apply(BEFORE)
    called = {
        tier: np.array([tier_of(float(p), False, result.rule) in reached for p in after])
        for tier, reached in ((Tier.POSSIBLE, (Tier.POSSIBLE, Tier.SUSPECTED)), (Tier.SUSPECTED, (Tier.SUSPECTED,)))
    }
    assert called[Tier.POSSIBLE][TRUTH].mean() >= 0.97
    assert (~called[Tier.SUSPECTED])[~TRUTH].mean() >= 0.9
    assert result.rule.possible.sensitivity.value == pytest.approx(0.97, abs=0.04)
    assert result.rule.suspected.specificity.value == pytest.approx(0.9, abs=0.04)
    gained = result.gains["suspected"]["specificity"]
    assert gained["after"]["value"] == pytest.approx(result.rule.suspected.specificity.value, abs=1e-6)


def test_no_probability_lies_on_a_threshold(result: Recalibrated) -> None:
    after = result.calibration.apply(BEFORE)
    for one in (result.rule.possible, result.rule.suspected):
        assert np.abs(after - one.threshold).min() > 1e-5


def test_differences_of_calls_are_tested_as_pairs(result: Recalibrated) -> None:
    difference = result.gains["suspected"]["specificity"]["difference"]
    lost, won = difference["only_first"], difference["only_second"]
    assert difference["p"] == pytest.approx(mcnemar([[0, lost], [won, 0]], exact=True).pvalue, abs=1e-6)


def test_a_calibrated_model_gains_nothing() -> None:
    """Made with the truth drawn by the probability itself: nothing is left to gain, and none is claimed."""
    draw = np.random.default_rng(7)
    cases = [
        one.with_truth(one.truth.model_copy(update={"hemorrhage": bool(draw.random() < one.found.probability)}))
        for one in made_cases(600, seed=8)
        if one.found
    ]
    found = recalibrate(cases)
    assert isinstance(found, Recalibrated)
    assert found.calibration.slope == pytest.approx(1, abs=0.25) and abs(found.calibration.intercept) < 0.3
    low, high = found.gains["brier"]["difference"]["ci95"]
    assert low < 0 < high or abs(found.gains["brier"]["difference"]["value"]) < 0.003


def test_a_method_that_cannot_calibrate_gets_new_thresholds_only() -> None:
    found = recalibrate(CASES, calibrates=False)
    assert isinstance(found, Recalibrated)
    assert found.calibration.slope == 1 and np.array_equal(found.probability, BEFORE)
    assert found.rule.suspected.threshold > 0.5


def test_several_scans_of_a_patient_are_resampled_together() -> None:
    found = recalibrate(made_cases(400, seed=5, shift=2.0, per_patient=4))
    assert isinstance(found, Recalibrated)
    assert found.scans.n_patients == 100
    assert all(len(set(found.fold[found.scans.patient == one].tolist())) == 1 for one in range(100))


def test_too_few_scans_are_refused() -> None:
    few = [one for one in CASES if one.truth.hemorrhage][: FEWEST - 1] + [
        one for one in CASES if not one.truth.hemorrhage
    ]
    reason = f"expected at least 20 scans with and 20 without hemorrhage, found 19 and {len(few) - 19}"
    assert recalibrate(few) == reason
