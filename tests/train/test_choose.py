from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ichor.dataset.case import CHRONIC_SUBJECT
from ichor.methods.calibration import Calibration, expit, fit_calibration
from ichor.methods.lesions import FEATURES
from ichor.train.choose import VOXEL_THRESHOLDS, choose, fit_judge
from ichor.train.evidence import PROBABILITY_OF_BINS, Evidence

N_BINS = len(PROBABILITY_OF_BINS)
SURE = int(np.argmin(abs(PROBABILITY_OF_BINS - 0.9)))


def evidence(
    subject: str,
    lesions: list[tuple[float, bool, int]],
    *,
    missed: int = 0,
    slices: tuple[tuple[bool, float], ...] = ((True, 0.8), (False, 0.2)),
) -> Evidence:
    """A case with lesions, each of a `log_ml`, true or not, of so many voxels that the network is sure of."""
    voxels = np.zeros((1 + len(lesions), 2, N_BINS), np.int64)
    voxels[0, 0, 0], voxels[0, 1, 0] = 10_000, missed
    features = np.zeros((len(lesions), len(FEATURES)))
    for i, (log_ml, true, n) in enumerate(lesions):
        features[i, 0] = log_ml
        voxels[1 + i, int(true), SURE] = n
    labels = np.zeros((len(slices), 5), bool)
    labels[:, 1] = [positive for positive, _ in slices]
    return Evidence(subject, labels, np.array([p for _, p in slices]), None, features, voxels)


def clean(subject: str, lesions: list[tuple[float, bool, int]]) -> Evidence:
    return evidence(subject, lesions, slices=((False, 0.3), (False, 0.1)))


def many(rng: np.random.Generator, n: int = 60) -> list[Evidence]:
    """Every second case bleeds; true lesions are larger than false ones, but not always."""
    return [
        evidence(f"{k:03}", [(rng.normal(1.5), True, 100), (rng.normal(-0.5), False, 100)], missed=20)
        if k % 2
        else clean(f"{k:03}", [(rng.normal(-0.5), False, 100)])
        for k in range(n)
    ]


def test_the_judge_is_a_logistic_regression_on_standardized_properties() -> None:
    rng = np.random.default_rng(0)
    cases = many(rng)
    for one in cases:
        one.features[:, 1:] = rng.normal(3, 2, (len(one.features), len(FEATURES) - 1))
    judge = fit_judge(cases)
    assert judge is not None
    features = np.concatenate([one.features for one in cases])
    true = np.concatenate([one.true for one in cases])
    assert judge.elsewhere == pytest.approx(true.mean())
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    expected = LogisticRegression(C=0.3).fit(scaled, true).predict_proba(scaled)[:, 1]
    np.testing.assert_allclose(judge.of(features), expected, atol=1e-9)
    assert judge.weights["log_ml"] > 5 * max(abs(judge.weights[name]) for name in FEATURES[1:])


def test_of_few_lesions_no_judge_is_made_and_all_are_believed() -> None:
    cases = [evidence("049", [(1, True, 100)]), clean("050", [(1, False, 50)])]
    chosen = choose(cases, 180)
    assert fit_judge(cases) is None and chosen.judge is None and chosen.head_mm == 180
    assert chosen.calibration.slice == chosen.calibration.scan == Calibration()


def test_operating_points_do_what_they_promise() -> None:
    cases = many(np.random.default_rng(1), 200)
    chosen = choose(cases, 180)
    points = chosen.operating_points
    assert list(points) == ["triage", "balanced", "specific"]
    assert points["triage"] <= points["balanced"] <= points["specific"]
    assert (chosen.threshold, chosen.operating_point) == (points["balanced"], "balanced")
    assert chosen.judge is not None
    assert chosen.calibration.scan != Calibration()

    def marked(one: Evidence, threshold: float) -> np.ndarray:
        of = np.r_[chosen.judge.elsewhere, chosen.judge.of(one.features)]
        called = chosen.calibration.voxel.of(of[:, None] * PROBABILITY_OF_BINS) >= threshold
        return (one.voxels * called[:, None]).sum(axis=(0, 2))

    def dice(threshold: float) -> float:
        return float(np.mean([2 * b / (a + b + 120) for a, b in (marked(one, threshold) for one in cases[1::2])]))

    # The judge of all cases is nearly that of seven eighths of them.
    assert dice(points["balanced"]) >= max(dice(t) for t in (0.02, 0.1, 0.3, 0.5, 0.8)) - 0.01
    assert np.mean([marked(one, points["triage"])[1] > 0 for one in cases[1::2]]) > 0.99
    left_alone = [np.mean([marked(one, points[name]).sum() == 0 for one in cases[::2]]) for name in points]
    assert left_alone == sorted(left_alone)
    assert left_alone[-1] > 0.9


def test_thresholds_are_chosen_on_lesions_that_their_judge_did_not_see() -> None:
    rng = np.random.default_rng(4)
    cases = many(rng, 16)
    for one in cases:  # properties that say nothing, and so much the more of those that were seen
        one.features[:] = rng.normal(0, 3, one.features.shape)
    chosen = choose(cases, 180)
    truth, unseen, weights = [], [], []
    for i, one in enumerate(cases):
        judge = fit_judge([other for k, other in enumerate(cases) if k % 8 != i % 8])
        assert judge is not None
        truth += one.true.tolist()
        unseen += (judge.of(one.features) * PROBABILITY_OF_BINS[SURE]).tolist()
        weights += [100] * len(one.features)
    assert chosen.calibration.voxel == fit_calibration(truth, unseen, weights)
    seen = np.concatenate([chosen.judge.of(one.features) for one in cases]) * PROBABILITY_OF_BINS[SURE]
    assert chosen.calibration.voxel != fit_calibration(truth, seen, weights)


def test_each_point_is_the_last_that_keeps_its_promise() -> None:
    cases = many(np.random.default_rng(5), 200)
    chosen = choose(cases, 180)
    held_out = [fit_judge([other for k, other in enumerate(cases) if k % 8 != i]) for i in range(8)]

    def marked(i: int, threshold: float) -> np.ndarray:
        judge, one = held_out[i % 8], cases[i]
        of = np.r_[judge.elsewhere, judge.of(one.features)]
        called = chosen.calibration.voxel.of(of[:, None] * PROBABILITY_OF_BINS) >= threshold
        return (one.voxels * called[:, None]).sum(axis=(0, 2))

    def finds_all(threshold: float) -> bool:
        return all(marked(i, threshold)[1] > 0 for i in range(1, 200, 2))

    def left_alone(threshold: float) -> float:
        return float(np.mean([marked(i, threshold).sum() == 0 for i in range(0, 200, 2)]))

    points = chosen.operating_points
    above = VOXEL_THRESHOLDS[VOXEL_THRESHOLDS.index(points["triage"]) + 1]
    below = VOXEL_THRESHOLDS[VOXEL_THRESHOLDS.index(points["specific"]) - 1]
    assert finds_all(points["triage"]) and not finds_all(above)
    assert left_alone(points["specific"]) >= 0.95 > left_alone(below)
    assert points["triage"] < points["balanced"] < points["specific"]


def test_where_nothing_is_found_nothing_is_learned_and_nothing_breaks() -> None:
    nothing = [clean("049", []), evidence("050", [], missed=50)]
    assert choose(nothing, 180).threshold == 0.5
    only_chronic = [evidence(CHRONIC_SUBJECT, [(1, True, 10)])]
    assert choose(only_chronic, 180).threshold == 0.5


def test_the_chronic_subject_judges_no_lesion_and_chooses_no_threshold() -> None:
    cases = many(np.random.default_rng(2))
    chronic = evidence(CHRONIC_SUBJECT, [(-5, True, 100_000), (5, False, 100)], slices=((True, 0.1),) * 30)
    without, having = choose(cases, 180), choose([*cases, chronic], 180)
    assert having.judge == without.judge
    assert having.calibration.voxel == without.calibration.voxel
    assert having.operating_points == without.operating_points
    assert having.calibration.slice != without.calibration.slice  # its slices count


def test_each_task_is_calibrated_on_what_was_seen_of_it() -> None:
    rng = np.random.default_rng(3)
    cases = []
    for k in range(60):
        slices, subtypes = rng.normal(2 * (k % 2) - 1, 1, 10), rng.normal(0, 1, (10, 5))
        labels = rng.random((10, 5)) < expit(subtypes)
        labels[rng.random(10) >= expit(slices)] = False
        voxels = np.zeros((1, 2, N_BINS), np.int64)
        z = rng.normal(0, 1, 5000)
        said = np.searchsorted(PROBABILITY_OF_BINS, expit(3 * z + 2)).clip(1, N_BINS - 2)
        np.add.at(voxels[0], ((rng.random(5000) < expit(z)).astype(int), said), 1)
        told = expit(3 * slices + 2), expit(3 * subtypes + 2)
        cases.append(Evidence(f"{k:03}", labels, *told, np.empty((0, len(FEATURES))), voxels))
    found = choose(cases, 180).calibration
    assert found.voxel.slope == pytest.approx(1 / 3, rel=0.05)
    assert found.voxel.intercept == pytest.approx(-2 / 3, abs=0.1)
    for task, of in (("slice", lambda one: one.positive), ("subtype", lambda one: one.labels.ravel())):
        truth = np.concatenate([of(one) for one in cases])
        told = np.concatenate([getattr(one, f"{task}_probability").ravel() for one in cases])
        calibrated = getattr(found, task).of(told)
        assert calibrated.mean() == pytest.approx(truth.mean(), abs=0.01)
        assert np.mean((calibrated - truth) ** 2) < np.mean((told - truth) ** 2)
