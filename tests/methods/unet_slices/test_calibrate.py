from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ichor.methods.calibration import Calibration, expit, fit_calibration, logit
from ichor.methods.unet_slices.calibrate import calibrated, fit_false_positive_classifier
from ichor.methods.unet_slices.candidates import FEATURES, FalsePositiveClassifier
from ichor.methods.unet_slices.evidence import PROBABILITY_OF_BINS, Evidence
from ichor.methods.unet_slices.operating_points import VOXEL_THRESHOLDS
from ichor.methods.unet_slices.settings import Parameters

N_BINS = len(PROBABILITY_OF_BINS)
SURE = int(np.argmin(abs(PROBABILITY_OF_BINS - 0.9)))


def evidence(
    subject: str,
    lesions: list[tuple[float, bool, int]],
    *,
    missed: int = 0,
    slices: tuple[tuple[bool, float], ...] = ((True, 0.8), (False, 0.2)),
    excluded: bool = False,
) -> Evidence:
    """A case whose true lesions lie on its first slice, false ones on its last: `log_ml`, whether true, sure voxels."""
    n = len(slices)
    voxels = np.zeros((n + len(lesions), 2, N_BINS), np.int64)  # of every slice what is in no candidate, then the rest
    voxels[:n, 0, 0], voxels[0, 1, 0] = 10_000, missed
    features = np.zeros((len(lesions), len(FEATURES)))
    for i, (log_ml, true, size) in enumerate(lesions):
        features[i, 0] = log_ml
        voxels[n + i, int(true), SURE] = size
    labels = np.zeros((n, 5), bool)
    labels[:, 1] = [positive for positive, _ in slices]
    return Evidence(
        subject,
        excluded,
        labels,
        np.array([p for _, p in slices]),
        None,
        features,
        np.r_[np.arange(n), [0 if true else n - 1 for _, true, _ in lesions]].astype(int),
        np.r_[np.zeros(n, int), 1 + np.arange(len(lesions))],
        voxels,
    )


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


def test_the_classifier_is_a_logistic_regression_on_standardized_properties() -> None:
    rng = np.random.default_rng(0)
    cases = many(rng)
    for one in cases:
        one.features[:, 1:] = rng.normal(3, 2, (len(one.features), len(FEATURES) - 1))
    classifier = fit_false_positive_classifier(cases)
    assert classifier is not None
    features = np.concatenate([one.features for one in cases])
    true = np.concatenate([one.true for one in cases])
    assert classifier.elsewhere == pytest.approx(true.mean())
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    expected = LogisticRegression(C=0.3).fit(scaled, true).predict_proba(scaled)[:, 1]
    np.testing.assert_allclose(classifier.predict(features), expected, atol=1e-9)
    assert classifier.weights["log_ml"] > 5 * max(abs(classifier.weights[name]) for name in FEATURES[1:])


def test_with_few_lesions_no_classifier_is_fitted_and_all_are_kept() -> None:
    cases = [evidence("049", [(1, True, 100)]), clean("050", [(1, False, 50)])]
    found = calibrated(cases, 180)
    assert fit_false_positive_classifier(cases) is None
    assert found.false_positive_classifier is None and found.head_mm == 180
    assert found.calibration.slice == found.calibration.scan == Calibration()


def marked(one: Evidence, classifier: FalsePositiveClassifier, found: Parameters, threshold: float) -> np.ndarray:
    """(n, 2) voxels marked on each slice: not hemorrhage, and such; by brute force, voxel by voxel."""
    of = np.r_[classifier.elsewhere, classifier.predict(one.features)][one.region_candidate]
    said = found.calibration.voxel.apply(of[:, None] * PROBABILITY_OF_BINS)
    counts = np.zeros((len(one.labels), 2), int)
    for k in range(len(one.labels)):
        here = one.region_slice == k
        flat = one.voxels[here].sum(axis=1).ravel()
        probability = np.repeat(said[here].ravel(), flat)
        if probability.max() < threshold:
            continue
        believed = np.where(probability >= 1e-3, expit(logit(probability) - found.logit_offset), 0)
        cuts = np.unique(probability[probability >= 1e-3])
        dice = [2 * believed[probability >= c].sum() / ((probability >= c).sum() + believed.sum()) for c in cuts]
        on = said[here] >= cuts[int(np.argmax(dice))]
        counts[k] = (one.voxels[here] * on[:, None]).sum(axis=(0, 2))
    return counts


def test_operating_points_do_what_they_promise() -> None:
    cases = many(np.random.default_rng(1), 80)
    found = calibrated(cases, 180)
    points = found.operating_points
    assert list(points) == ["triage", "balanced", "specific"]
    assert points["triage"] <= points["balanced"] <= points["specific"]
    assert (found.threshold, found.operating_point) == (points["balanced"], "balanced")
    classifier = found.false_positive_classifier
    assert classifier is not None and found.logit_offset is not None
    assert found.calibration.scan != Calibration()

    def dice(threshold: float) -> float:
        # The only slice with hemorrhage is the only one that anything is marked on: both averages are the same.
        counts = [marked(one, classifier, found, threshold).sum(axis=0) for one in cases[1::2]]
        return float(np.mean([2 * b / (a + b + 120) for a, b in counts]))

    # The classifier of all cases is nearly that of seven eighths of them.
    assert dice(points["balanced"]) >= max(dice(t) for t in (0.02, 0.1, 0.3, 0.5, 0.8)) - 0.01
    assert np.mean([marked(one, classifier, found, points["triage"])[:, 1].any() for one in cases[1::2]]) > 0.99
    left_alone = [
        np.mean([not marked(one, classifier, found, points[name]).any() for one in cases[::2]]) for name in points
    ]
    assert left_alone == sorted(left_alone)
    assert left_alone[-1] > 0.9


def test_a_small_lesion_on_a_slice_of_its_own_counts_as_much_as_a_large_one() -> None:
    """Marked only where a slice is marked from a low threshold on, which marks false ones on other slices too."""
    cases = []
    for k in range(12):
        voxels = np.zeros((3, 2, N_BINS), np.int64)
        voxels[:, 0, 0] = 1000
        at = [int(np.argmin(abs(PROBABILITY_OF_BINS - p))) for p in (0.9, 0.3)]
        voxels[0, 1, at[0]], voxels[1, 1, at[1]], voxels[2, 0, at[1]] = 2000, 30, 90 if k % 2 else 0
        labels = np.zeros((3, 5), bool)
        labels[:2, 1] = True
        regions = np.arange(3), np.zeros(3, int)
        told = np.array([0.9, 0.4, 0.4])
        cases.append(Evidence(f"{k:03}", False, labels, told, None, np.empty((0, len(FEATURES))), *regions, voxels))
    found = calibrated(cases, 180)
    low = found.calibration.voxel.apply(np.array([0.3]))[0]
    assert found.threshold <= low < 0.9  # in 3-D alone the large one would be all that counts
    counted = chosen_points_in_3d(cases, found)
    assert counted[VOXEL_THRESHOLDS.index(found.threshold)] < counted.max()


def test_most_scans_without_hemorrhage_stay_unmarked_even_if_a_low_threshold_finds_more() -> None:
    """Faint lesions that look like what every second scan without hemorrhage has."""
    cases = []
    for k in range(20):
        voxels = np.zeros((1, 2, N_BINS), np.int64)
        voxels[0, 0, 0] = 1000
        voxels[0, k % 2, int(np.argmin(abs(PROBABILITY_OF_BINS - (0.9, 0.3, 0.2)[k % 3])))] = 50
        labels = np.zeros((1, 5), bool)
        labels[0, 1] = k % 2
        regions = np.zeros(1, int), np.zeros(1, int)
        cases.append(
            Evidence(f"{k:03}", False, labels, np.array([0.5]), None, np.empty((0, len(FEATURES))), *regions, voxels)
        )
    found = calibrated(cases, 180)
    believed = FalsePositiveClassifier(intercept=50, weights=dict.fromkeys(FEATURES, 0.0), elsewhere=1.0)

    def unmarked(threshold: float) -> float:
        return float(np.mean([not marked(one, believed, found, threshold).any() for one in cases[::2]]))

    below = VOXEL_THRESHOLDS[VOXEL_THRESHOLDS.index(found.threshold) - 1]
    assert unmarked(below) < 0.6 <= unmarked(found.threshold)


def chosen_points_in_3d(cases: list[Evidence], found: Parameters) -> np.ndarray:
    """(thresholds,) the mean Dice in 3-D, every voxel believed."""
    believed = FalsePositiveClassifier(intercept=50, weights=dict.fromkeys(FEATURES, 0.0), elsewhere=1.0)
    dice = []
    for threshold in VOXEL_THRESHOLDS:
        sizes = [(marked(one, believed, found, threshold).sum(axis=0), one.reference.sum()) for one in cases]
        dice.append(np.mean([2 * b / (a + b + reference) for (a, b), reference in sizes]))
    return np.array(dice)


def test_thresholds_are_chosen_on_lesions_that_their_classifier_did_not_see() -> None:
    rng = np.random.default_rng(4)
    cases = many(rng, 16)
    for one in cases:  # properties that say nothing, and so much the more of those that were seen
        one.features[:] = rng.normal(0, 3, one.features.shape)
    found = calibrated(cases, 180)
    truth, unseen, weights = [], [], []
    for i, one in enumerate(cases):
        classifier = fit_false_positive_classifier([other for k, other in enumerate(cases) if k % 8 != i % 8])
        assert classifier is not None
        truth += one.true.tolist()
        unseen += (classifier.predict(one.features) * PROBABILITY_OF_BINS[SURE]).tolist()
        weights += [100] * len(one.features)
    assert found.calibration.voxel == fit_calibration(truth, unseen, weights)
    seen = (
        np.concatenate([found.false_positive_classifier.predict(one.features) for one in cases])
        * PROBABILITY_OF_BINS[SURE]
    )
    assert found.calibration.voxel != fit_calibration(truth, seen, weights)


def test_each_point_is_the_last_that_keeps_its_promise() -> None:
    cases = many(np.random.default_rng(5), 120)
    found = calibrated(cases, 180)
    held_out = [fit_false_positive_classifier([other for k, other in enumerate(cases) if k % 8 != i]) for i in range(8)]

    def finds_all(threshold: float) -> bool:
        return all(marked(cases[i], held_out[i % 8], found, threshold)[:, 1].any() for i in range(1, 120, 2))

    def left_alone(threshold: float) -> float:
        free = [not marked(cases[i], held_out[i % 8], found, threshold).any() for i in range(0, 120, 2)]
        return float(np.mean(free))

    points = found.operating_points
    above = VOXEL_THRESHOLDS[VOXEL_THRESHOLDS.index(points["triage"]) + 1]
    below = VOXEL_THRESHOLDS[VOXEL_THRESHOLDS.index(points["specific"]) - 1]
    assert finds_all(points["triage"]) and not finds_all(above)
    assert left_alone(points["specific"]) >= 0.95 > left_alone(below)
    assert points["triage"] < points["balanced"] < points["specific"]


def test_where_nothing_is_found_nothing_is_learned_and_nothing_breaks() -> None:
    nothing = [clean("049", []), evidence("050", [], missed=50)]
    assert calibrated(nothing, 180).threshold == 0.5
    only_excluded = [evidence("049", [(1, True, 10)], excluded=True)]
    assert calibrated(only_excluded, 180).threshold == 0.5


def test_an_excluded_case_moves_neither_the_classifier_nor_a_threshold() -> None:
    cases = many(np.random.default_rng(2))
    excluded = evidence("070", [(-5, True, 100_000), (5, False, 100)], slices=((True, 0.1),) * 30, excluded=True)
    without, having = calibrated(cases, 180), calibrated([*cases, excluded], 180)
    assert having.false_positive_classifier == without.false_positive_classifier
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
        voxels = np.zeros((10, 2, N_BINS), np.int64)
        z = rng.normal(0, 1, 5000)
        said = np.searchsorted(PROBABILITY_OF_BINS, expit(3 * z + 2)).clip(1, N_BINS - 2)
        np.add.at(voxels, (rng.integers(10, size=5000), (rng.random(5000) < expit(z)).astype(int), said), 1)
        told = expit(3 * slices + 2), expit(3 * subtypes + 2)
        regions = np.arange(10), np.zeros(10, int)
        cases.append(Evidence(f"{k:03}", False, labels, *told, np.empty((0, len(FEATURES))), *regions, voxels))
    found = calibrated(cases, 180).calibration
    assert found.voxel.slope == pytest.approx(1 / 3, rel=0.05)
    assert found.voxel.intercept == pytest.approx(-2 / 3, abs=0.1)
    for task, of in (("slice", lambda one: one.positive), ("subtype", lambda one: one.labels.ravel())):
        truth = np.concatenate([of(one) for one in cases])
        told = np.concatenate([getattr(one, f"{task}_probability").ravel() for one in cases])
        after = getattr(found, task).apply(told)
        assert after.mean() == pytest.approx(truth.mean(), abs=0.01)
        assert np.mean((after - truth) ** 2) < np.mean((told - truth) ** 2)
