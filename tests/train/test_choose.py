from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.case import CHRONIC_SUBJECT, Case
from ichor.methods.calibration import Calibration, Calibrations, expit
from ichor.scan import Scan, Source
from ichor.train.choose import choose_calibration, choose_thresholds


def _case(subject: str, n_blood: int) -> Case:
    mask = np.zeros((4, 20, 20), bool)
    mask[:n_blood, 5:15, 5:15] = True
    labels = np.zeros((4, 5), bool)
    labels[:n_blood, 1] = True
    scan = Scan(np.where(mask, 70.0, 30.0), Source("images", Path(subject)))
    return Case(subject, scan, mask, labels)


def _answer(scan: Scan) -> dict[str, np.ndarray]:
    """Blood at 0.06, a rim around it and a false lesion on the last slice at 0.04; slices ordered as they should."""
    blood = np.asarray(scan.voxels) > 60
    probability = np.where(blood, 0.06, 0.0)
    probability[:, 3:5] = 0.04
    probability[-1, 10:14, 10:14] = np.maximum(probability[-1, 10:14, 10:14], 0.04)
    slices = np.where(blood.any(axis=(1, 2)), 0.8, 0.3)
    return {"probability": probability.astype(np.float32), "slice_probability": slices}


def test_thresholds_are_those_of_the_best_dice_and_the_sensitivity() -> None:
    chosen = choose_thresholds(_answer, [_case("049", 2), _case("050", 1), _case("054", 0)])
    assert (chosen["threshold"], chosen["slice_threshold"]) == (0.05, 0.8)


def test_the_chronic_subject_does_not_choose_the_voxel_threshold() -> None:
    def dark(scan: Scan) -> dict[str, np.ndarray]:
        answer = _answer(scan)
        if scan.source.path.name == CHRONIC_SUBJECT:
            answer["probability"] = np.where(answer["probability"] > 0.05, 0.006, 0.0).astype(np.float32)
        return answer

    cases = [_case("049", 2), _case(CHRONIC_SUBJECT, 4), _case("054", 0)]
    assert choose_thresholds(dark, cases)["threshold"] == 0.05


def _scored(*scores: tuple[bool, float]) -> tuple[Callable[[Scan], dict[str, np.ndarray]], list[Case]]:
    """Cases of one slice each, with and without blood, and what is said of them."""
    cases = []
    for k, (has_blood, _) in enumerate(scores):
        mask = np.full((1, 4, 4), has_blood)
        labels = np.array([[False, has_blood, False, False, False]])
        cases.append(Case(f"{k:03}", Scan(np.full((1, 4, 4), float(k)), Source("images", Path("made"))), mask, labels))

    def answer(scan: Scan) -> dict[str, np.ndarray]:
        score = scores[int(scan.voxels[0, 0, 0])][1]
        return {"probability": np.full((1, 4, 4), 0.5, np.float32), "slice_probability": np.array([score])}

    return answer, cases


def _points(*scores: tuple[bool, float]) -> dict[str, float]:
    return choose_thresholds(*_scored(*scores))["operating_points"]


def test_operating_points_reach_what_they_promise() -> None:
    rng = np.random.default_rng(3)
    scores = [(bool(k % 3 == 0), float(0.3 * (k % 3 == 0) + 0.7 * rng.random())) for k in range(600)]
    points = _points(*scores)
    assert list(points) == ["triage", "balanced", "specific"]
    assert points["triage"] < points["balanced"] < points["specific"]
    positive = np.array([score for has_blood, score in scores if has_blood])
    negative = np.array([score for has_blood, score in scores if not has_blood])
    assert (positive >= points["triage"]).mean() >= 0.97 > (positive > points["triage"]).mean()
    assert (negative < points["specific"]).mean() >= 0.99
    next_lower = max(score for _, score in scores if score < points["specific"])
    assert (negative < next_lower).mean() < 0.99


def test_operating_points_are_in_order_even_where_all_is_told_apart() -> None:
    assert _points((True, 0.9), (True, 0.8), (False, 0.2), (False, 0.1)) == {
        "triage": 0.8,
        "balanced": 0.8,
        "specific": 0.8,
    }


def test_where_the_surest_slice_has_no_hemorrhage_none_is_specific_enough() -> None:
    points = _points((False, 0.9), (True, 0.8), (True, 0.7), (False, 0.1))
    assert points == {"triage": 0.7, "balanced": 0.7, "specific": 1.0}


def _overconfident(n_subjects: int) -> tuple[Callable[[Scan], dict[str, np.ndarray]], list[Case]]:
    """Half of the slices have blood; what is said of voxels, slices and subtypes is as wrong as can be set right."""
    rng = np.random.default_rng(0)
    said, cases = {}, []
    for k in range(n_subjects):
        labels = np.zeros((10, 5), bool)
        z = {"probability": rng.normal(0, 1, (10, 8, 8)), "slice_probability": rng.normal(2 * (k % 2) - 1, 1, 10)}
        z["subtype_probability"] = rng.normal(0, 1, (10, 5))
        labels[:] = rng.random((10, 5)) < expit(z["subtype_probability"])
        labels[~(rng.random(10) < expit(z["slice_probability"]))] = False
        mask = rng.random((10, 8, 8)) < expit(z["probability"])
        said[k] = {name: expit(3 * values + 2) for name, values in z.items()}
        cases.append(Case(f"{k:03}", Scan(np.full((10, 8, 8), float(k)), Source("images", Path("made"))), mask, labels))
    return lambda scan: said[int(scan.voxels[0, 0, 0])], cases


def test_each_task_is_calibrated_on_what_was_seen_of_it() -> None:
    answer, cases = _overconfident(40)
    found = choose_calibration(answer, cases, [])
    assert found.voxel.slope == pytest.approx(1 / 3, rel=0.05)
    assert found.voxel.intercept == pytest.approx(-2 / 3, abs=0.05)
    truth = {
        "slice": np.concatenate([case.positive for case in cases]),
        "subtype": np.concatenate([case.labels.ravel() for case in cases]),
    }
    for task, of in truth.items():
        told = np.concatenate([answer(case.scan)[f"{task}_probability"].ravel() for case in cases])
        calibrated = getattr(found, task).of(told)
        assert calibrated.mean() == pytest.approx(of.mean(), abs=0.01)
        assert np.mean((calibrated - of) ** 2) < np.mean((told - of) ** 2)


def test_a_calibration_that_nothing_is_known_of_is_the_identity() -> None:
    answer, cases = _scored(*[(k % 2 == 0, 0.3 + 0.05 * k) for k in range(10)])
    found = choose_calibration(answer, cases, [])
    assert found.subtype == Calibration()  # no such head
    assert choose_calibration(*_scored(*[(True, 0.3), (False, 0.2)]), []).slice == Calibration()
    assert found.slice != Calibration() and found.scan != Calibration()


def test_the_chronic_subject_does_not_calibrate_voxels() -> None:
    answer, cases = _overconfident(4)
    without = choose_calibration(answer, cases, []).voxel
    chronic = Case(CHRONIC_SUBJECT, cases[0].scan, ~cases[0].mask, cases[0].labels)
    assert choose_calibration(answer, [*cases, chronic], []).voxel == without


def test_how_frequent_hemorrhage_is_is_learned_from_the_training_cases_too() -> None:
    answer, cases = _scored(*[(k % 2 == 0, 0.3 + 0.05 * k) for k in range(12)])
    _, others = _scored(*[(False, 0.0)] * 12)
    alone, with_others = choose_calibration(answer, cases, []), choose_calibration(answer, cases, others)
    for task in ("voxel", "slice"):  # 6 of 12 have blood, of all 6 of 24: a third of the odds
        one, other = getattr(alone, task), getattr(with_others, task)
        assert other.slope == pytest.approx(one.slope)
        assert other.intercept - one.intercept == pytest.approx(np.log(1 / 3))
    assert choose_calibration(answer, cases[:1], others) == Calibrations()
