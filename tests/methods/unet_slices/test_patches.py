"""The classifier of candidate lesions by their surroundings: what it sees, that it learns, and that it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.methods.calibration import logit
from ichor.methods.field import stack
from ichor.methods.unet_slices.calibrate import calibrated_with, fit_false_positive_classifier
from ichor.methods.unet_slices.candidates import FEATURES, find_candidates
from ichor.methods.unet_slices.evidence import PROBABILITY_OF_BINS, Evidence
from ichor.methods.unet_slices.fit_patches import fit_patch_classifier
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.patches import PATCH_MM, REACH, SHAPE, SIDE, PatchClassifier, patches_of
from untrained_package import untrained_method

SURE = int(np.argmin(abs(PROBABILITY_OF_BINS - 0.9)))


def test_a_patch_shows_the_candidate_and_what_is_around_it() -> None:
    probability = np.full((7, 120, 120), 0.01, np.float32)
    probability[2:4, 50:62, 60:76] = 0.9
    probability[5, 5:15, 100:110] = 0.7  # at the image's edge
    hu = np.full((7, 120, 120), 30, np.float32)
    hu[:, :, 90:100] = 1000  # bone, 14 to 24 pixels to the left of the first
    hu[2:4, 50:62, 60:76] = 75
    found = find_candidates(probability, hu, np.full(7, 0.5), np.full(7, 5.0), 0.75)
    channels = stack(np.arange(7) * 5.0, 7, 5.0, REACH)
    patches = patches_of(found.labels, probability, hu, channels, 0.75)
    assert patches.shape == (2, *SHAPE)
    brain, bone, sure, own = patches[0].astype(float)
    middle = SIDE // 2
    assert brain[REACH, middle, middle] == pytest.approx((75 + 20) / 120, abs=0.01)
    assert brain[REACH, middle, 2] == pytest.approx((30 + 20) / 120, abs=0.01)
    assert brain[0, middle, middle] == pytest.approx((30 + 20) / 120, abs=0.01)  # two slices below
    assert sure[REACH, middle, middle] == pytest.approx(logit(0.9) / 8, abs=0.01)
    assert own[REACH].sum() * PATCH_MM**2 == pytest.approx(12 * 16 * 0.75**2, rel=0.15)
    place = middle + ((95 - 67.5) * 0.75 / PATCH_MM) - 0.5
    assert bone[REACH, middle, round(place)] > 0.5 > bone[REACH, middle, round(place) - 5]
    assert np.all(patches[1, 0, :, :, -2:] == 0)  # air beyond the image


def cases(rng: np.random.Generator, n: int = 48) -> list[Evidence]:
    """Two candidates a case; only their patches tell which is true: bone beside the false ones."""
    made = []
    for k in range(n):
        true = np.array([k % 2 == 0, False])
        features = rng.normal(0, 1, (2, len(FEATURES)))
        patches = rng.normal(0.4, 0.05, (2, *SHAPE)).astype(np.float16)
        patches[~true, 1, :, :, :8] = 1.0
        voxels = np.zeros((3, 2, len(PROBABILITY_OF_BINS)), np.int64)
        voxels[0, 0, 0] = 10_000
        for i in range(2):
            voxels[1 + i, int(true[i]), SURE] = 100
        labels = np.zeros((1, 5), bool)
        labels[0, 1] = true.any()
        regions = np.zeros(3, int), np.arange(3)
        made.append(Evidence(f"{k:03}", False, labels, np.array([0.5]), None, features, *regions, voxels, patches))
    return made


@pytest.fixture(scope="module")
def fitted() -> PatchClassifier:
    found = fit_patch_classifier(cases(np.random.default_rng(0)))
    assert found is not None
    return found


def test_it_learns_what_features_do_not_tell(fitted: PatchClassifier) -> None:
    unseen = cases(np.random.default_rng(1), 30)
    true = np.concatenate([one.true for one in unseen])
    found = np.concatenate([fitted.predict(one.features, one.patches) for one in unseen])
    assert found[true].min() > found[~true].max()
    logistic = fit_false_positive_classifier(cases(np.random.default_rng(0)))
    assert logistic is not None
    by_features = np.concatenate([logistic.predict(one.features) for one in unseen])
    assert by_features[true].min() < by_features[~true].max()
    assert fitted.elsewhere == logistic.elsewhere


def test_it_is_deterministic_and_the_same_once_saved(fitted: PatchClassifier, tmp_path: Path) -> None:
    one = cases(np.random.default_rng(2), 3)[0]
    again = fit_patch_classifier(cases(np.random.default_rng(0)))
    assert again is not None
    assert again.predict(one.features, one.patches) == pytest.approx(fitted.predict(one.features, one.patches))
    fitted.save(tmp_path)
    loaded = PatchClassifier.load(tmp_path, fitted.elsewhere)
    assert loaded.predict(one.features, one.patches) == pytest.approx(
        fitted.predict(one.features, one.patches), abs=1e-5
    )
    assert loaded.predict(np.empty((0, len(FEATURES))), np.empty((0, *SHAPE), np.float16)).shape == (0,)
    (tmp_path / "copy").mkdir()
    loaded.save(tmp_path / "copy")
    assert (tmp_path / "copy" / "candidates.onnx").read_bytes() == (tmp_path / "candidates.onnx").read_bytes()


def test_with_few_lesions_there_is_none() -> None:
    assert fit_patch_classifier(cases(np.random.default_rng(0), 6)) is None


@pytest.mark.long
def test_thresholds_are_chosen_on_candidates_that_the_network_did_not_see() -> None:
    evidence = cases(np.random.default_rng(3), 14)
    shuffled = np.random.default_rng(4).permutation(14)
    for one, other in zip(evidence, shuffled, strict=True):  # nothing tells which is true
        one.patches[:] = cases(np.random.default_rng(int(other)), 1)[0].patches
        one.features[:] = 0
    parameters, classifier = calibrated_with(evidence, 180, fit_patch_classifier)
    assert isinstance(classifier, PatchClassifier)
    assert parameters.patches_elsewhere == classifier.elsewhere
    assert parameters.false_positive_classifier is None


def test_a_method_keeps_it_in_its_package(fitted: PatchClassifier, tmp_path: Path) -> None:
    from synthetic_scans import synthetic_head

    method = untrained_method()
    method.settings = method.settings.model_copy(update={"candidates": "patches"})
    assert method.parameters is not None
    method.parameters = method.parameters.model_copy(update={"patches_elsewhere": fitted.elsewhere})
    method.patch_classifier = fitted
    method.save(tmp_path)
    loaded = UNetSlices.load(tmp_path)
    scan = synthetic_head(n=8, size=64, pixel_mm=(3.2, 3.2), distances_mm=14.0)
    first, second = (one.predict(scan) for one in (method, loaded))
    assert np.abs(first.probability - second.probability).max() < 1e-4
    method.parameters = method.parameters.model_copy(update={"patches_elsewhere": None})
    without = method.predict(scan).probability
    assert without.max() > first.probability.max()
