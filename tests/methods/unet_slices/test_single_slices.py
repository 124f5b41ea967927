"""Scans of a single slice have parameters of their own, if they were calibrated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.case import Case
from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.unet_slices.alone import slices_alone
from ichor.methods.unet_slices.calibrate import calibrated
from ichor.methods.unet_slices.candidates import FEATURES, FalsePositiveClassifier
from ichor.methods.unet_slices.evidence import PROBABILITY_OF_BINS, Evidence
from ichor.methods.unet_slices.method import UNetSlices
from ichor.methods.unet_slices.settings import Parameters
from simulate_heads import head_case
from synthetic_scans import synthetic_head
from untrained_package import untrained_method

N_BINS = len(PROBABILITY_OF_BINS)


def one_slice(subject: str, probability: float, *, blood: bool) -> Evidence:
    voxels = np.zeros((1, 2, N_BINS), np.int64)
    voxels[0, 0, 0], voxels[0, int(blood), int(np.argmin(abs(PROBABILITY_OF_BINS - probability)))] = 1000, 40
    labels = np.zeros((1, 5), bool)
    labels[0, 1] = blood
    return Evidence(
        subject,
        False,
        labels,
        np.array([probability]),
        None,
        np.empty((0, len(FEATURES))),
        *np.zeros((2, 1), int),
        voxels,
    )


def cases() -> list[Evidence]:
    """Scans whose blood is sure; as pictures by themselves, slices without blood are as sure as half of those with."""
    rng, made = np.random.default_rng(0), []
    for k in range(24):
        whole = one_slice(f"{k:03}", 0.9 if k % 2 else 0.02, blood=bool(k % 2))
        alone = tuple(one_slice(f"{k:03}", rng.uniform(0.05, 0.6), blood=False) for _ in range(6))
        alone += tuple(one_slice(f"{k:03}", rng.uniform(0.3, 0.95), blood=True) for _ in range(k % 2))
        made.append(replace(whole, alone=alone))
    return made


def test_their_threshold_leaves_nine_of_ten_slices_without_hemorrhage_unmarked() -> None:
    found = calibrated(cases(), 180)
    single = found.for_scan(1)
    assert single is found.single_slice and found.for_scan(30) is found
    assert single.head_mm == 180
    without = [of.slice_probability[0] for one in cases() for of in one.alone if not of.positive.any()]
    marked = single.calibration.voxel.apply(np.array(without)) >= single.threshold
    assert 0 < marked.mean() <= 0.12
    assert calibrated([replace(one, alone=()) for one in cases()], 180).single_slice is None


def test_slices_of_a_subject_are_never_classified_by_a_classifier_fitted_on_them() -> None:
    """The groups of slices alone are those of their subjects."""
    from ichor.methods.unet_slices import calibrate

    seen: list[set[str]] = []

    def fit(evidence):  # type: ignore[no-untyped-def]
        seen.append({one.subject for one in evidence})

    alone = [of for one in cases() for of in one.alone]
    calibrate._out_of_sample_weights(alone, alone, fit, None)
    calibrate.calibrated_with(cases(), 180, fit)
    assert seen  # a classifier of no lesions is none, so that nothing more is fitted
    assert all(len(one) in (24, 21) for one in seen)


def test_an_operating_point_is_switched_for_both() -> None:
    points = {"balanced": 0.2, "specific": 0.6}
    single = Parameters(
        threshold=0.4, head_mm=180, operating_point="balanced", operating_points={"balanced": 0.4, "specific": 0.8}
    )
    both = Parameters(
        threshold=0.2, head_mm=180, operating_point="balanced", operating_points=points, single_slice=single
    )
    at = both.at("specific")
    assert (at.threshold, at.for_scan(1).threshold) == (0.6, 0.8)
    assert "single_slice" not in single.model_dump()
    assert Parameters(**both.model_dump()) == both


def test_a_single_slice_is_predicted_with_them_and_they_are_kept_in_the_package(tmp_path: Path) -> None:
    method = untrained_method()
    assert method.parameters is not None
    single = Parameters(
        threshold=0.9,
        head_mm=180,
        calibration=Calibrations(slice=Calibration(intercept=-5.0), voxel=Calibration(intercept=-5.0)),
    )
    method.parameters = method.parameters.model_copy(update={"single_slice": single})
    scan = synthetic_head(n=8, size=64, pixel_mm=(3.2, 3.2), distances_mm=14.0)
    alone = replace(
        scan,
        voxels=scan.voxels[4:5],
        pixel_mm=scan.pixel_mm[4:5],
        positions_mm=scan.positions_mm[4:5],
        orientation=scan.orientation[4:5],
        thickness_mm=scan.thickness_mm[4:5],
    )
    method.save(tmp_path)
    for one in (method, UNetSlices.load(tmp_path)):
        found, whole = one.predict(alone), one.predict(scan)
        assert (found.made_by.threshold, whole.made_by.threshold) == (0.9, 0.03)
        assert whole.mask.any() and not found.mask.any()
        assert not one.mask_at(found.probability, 0.9).any()
    method.parameters = method.parameters.model_copy(update={"single_slice": None})
    assert method.predict(alone).slice_probability[0] > found.slice_probability[0] + 0.05


def test_pictures_for_calibration_are_the_same_in_every_call_and_of_several_styles() -> None:
    case = head_case()
    first, again = (list(slices_alone(case)) for _ in range(2))
    assert len(first) == 28
    assert all(np.array_equal(a.scan.voxels, b.scan.voxels) for a, b in zip(first, again, strict=True))
    assert {one.mask.shape[1] for one in first} == {140, 384, 512}
    assert all(one.scan.pixel_mm is None for one in first)


def test_evidence_has_slices_alone_only_if_it_is_asked_for() -> None:
    scan = synthetic_head(n=4, size=64, pixel_mm=(3.2, 3.2), distances_mm=14.0)
    case = Case("051", scan, np.zeros(scan.voxels.shape, bool), np.zeros((4, 5), bool))
    method = untrained_method()
    assert method.calibration_evidence(case).alone == ()
    method.settings = method.settings.model_copy(update={"single_slices": True})
    alone = method.calibration_evidence(case).alone
    assert len(alone) == 4
    assert all(len(one.labels) == 1 and one.subject == "051" for one in alone)
    assert "single_slices" in method.settings.model_dump()
    assert "single_slices" not in UNetSlices().settings.model_dump()


def test_a_further_calibration_of_scans_applies_to_single_slices_too() -> None:
    """Its verdicts are by the same thresholds, which are moved along."""
    before = calibrated(cases(), 180)
    further = Calibration(slope=0.8, intercept=-1.5)
    after = Parameters(**UNetSlices.recalibrated(before.model_dump(mode="json"), further))
    assert before.for_scan(1) != before.for_scan(2)
    for n in (1, 2):
        scan = before.for_scan(n).calibration.scan
        twice = further.apply(scan.apply(np.array([0.1, 0.7])))
        assert after.for_scan(n).calibration.scan.apply(np.array([0.1, 0.7])) == pytest.approx(twice)


def test_a_patch_network_is_calibrated_although_a_case_has_no_slices_alone() -> None:
    """As where only the delineation is known, not the subtypes."""
    from ichor.methods.unet_slices import calibrate

    evidence = cases()
    evidence[0] = replace(evidence[0], alone=())
    alone = [of for one in evidence for of in one.alone]
    classifier = FalsePositiveClassifier(intercept=0.0, weights=dict.fromkeys(FEATURES, 0.0), elsewhere=0.5)
    weights = calibrate._out_of_sample_weights(alone, evidence, lambda _: classifier, classifier)
    assert len(weights) == len(alone)
