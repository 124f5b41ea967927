from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ichor.evaluate.files import from_run_lengths, run_lengths, write_masks, write_scores
from ichor.evaluate.metrics import metrics_of
from ichor.evaluate.overlap import Overlaps
from ichor.evaluate.results import TABLE_THRESHOLDS, SubjectResult


def _result(subject: str, n_blood: int, found: float, seed: int, n: int = 6) -> SubjectResult:
    """A subject of n slices of 30x30, `found` being the share of its blood that is found."""
    rng = np.random.default_rng(seed)
    reference = np.zeros((n, 30, 30), bool)
    reference[:n_blood, 5:25, 5:25] = True
    mask = reference & (rng.random(reference.shape) < found)
    labels = np.zeros((n, 5), bool)
    labels[:n_blood, 3] = True
    probability = np.where(labels.any(axis=1), 0.7, 0.3) + rng.normal(0, 0.2, n)
    return SubjectResult(
        subject=subject,
        fold=1,
        age_years=seed * 10.0,
        labels=labels,
        overlaps=Overlaps.of(mask, reference),
        areas={t: mask.sum(axis=(1, 2)) for t in TABLE_THRESHOLDS},
        slice_probability=np.clip(probability, 0, 1),
        scan_probability=float(np.clip(probability, 0, 1).max()),
        threshold=0.5,
        volume_ml=float(mask.sum() / 100),
    )


@pytest.fixture
def results() -> list[SubjectResult]:
    return [
        _result("049", 3, 0.8, 1),
        _result("050", 2, 0.5, 2),
        _result("051", 2, 0.0, 3),
        _result("070", 4, 0.1, 4),
        *(_result(f"{n:03d}", 0, 0, n) for n in range(90, 96)),
    ]


def test_figures_are_those_computed_by_hand(results: list[SubjectResult]) -> None:
    found = metrics_of(results)
    dice = [r.overlaps.dice[r.overlaps.positive].mean() for r in results[:3]]  # 070 is chronic: left out
    assert found["dice"]["paper_average"]["value"] == pytest.approx(np.mean(dice), abs=1e-6)
    assert found["dice"]["paper_average"]["n"] == 3
    truth = np.concatenate([r.positive for r in results])
    scores = np.concatenate([r.slice_probability for r in results])
    assert found["slice"]["auc"]["value"] == pytest.approx(roc_auc_score(truth, scores), abs=1e-6)
    assert found["slice"]["auc"]["n"] == len(truth) == 60
    area = np.concatenate([r.overlaps.predicted for r in results])
    assert found["slice"]["sensitivity"]["value"] == pytest.approx((area[truth] > 0).mean())
    assert found["slice_400px"]["sensitivity"]["value"] == pytest.approx((area[truth] > 400).mean())
    assert found["scan"]["specificity"]["value"] == 1.0
    assert found["false_positive_ml"]["median"] == {"value": 0.0, "ci95": [0.0, 0.0], "n": 6}
    assert found["subjects_missed"] == ["051"]
    assert set(found["by_subtype"]) == {"EDH"}
    assert found["by_age"]["under_18"]["n"] == 1
    assert set(found["per_subject"]) == {"049", "050", "051"}


def test_a_missed_chronic_subject_is_named_though_its_dice_does_not_count(results: list[SubjectResult]) -> None:
    results[3] = _result("070", 4, 0.0, 4)
    found = metrics_of(results)
    assert found["subjects_missed"] == ["051", "070"]
    assert "070" not in found["per_subject"]
    assert found["dice"]["pooled"]["n"] == len(results) - 1


def test_scans_with_hemorrhage_alone_have_no_false_positive_volume(results: list[SubjectResult]) -> None:
    found = metrics_of(results[:3])
    assert found["false_positive_ml"]["p95"] == {"value": None, "ci95": None, "n": 0}
    assert found["scan"]["auc"]["value"] is None


def test_intervals_hold_their_figure_and_are_replayable(results: list[SubjectResult]) -> None:
    first, second = metrics_of(results), metrics_of(results)
    assert first == second
    low, high = first["dice"]["paper_average"]["ci95"]
    assert low < first["dice"]["paper_average"]["value"] < high


def test_a_figure_without_its_class_is_null(results: list[SubjectResult]) -> None:
    found = metrics_of(results[4:])
    assert found["slice"]["auc"]["value"] is None
    assert found["dice"]["paper_average"] == {"value": None, "ci95": None, "n": 0}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("case", ["empty", "full", "ends in blood", "random"])
def test_run_lengths_are_cocos(case: str) -> None:
    mask = np.zeros((7, 5), bool)
    if case == "full":
        mask[:] = True
    elif case == "ends in blood":
        mask[3:, 4] = True
    elif case == "random":
        mask = np.random.default_rng(0).random((7, 5)) > 0.5
    encoded = run_lengths(mask)
    assert sum(encoded["counts"]) == mask.size
    assert np.array_equal(from_run_lengths(encoded), mask)
    # COCO's own rule, run by run: column-major, background first.
    value, flat = False, []
    for count in encoded["counts"]:
        flat += [value] * count
        value = not value
    assert flat == mask.T.ravel().tolist()
    if case == "full":
        assert encoded["counts"] == [0, 35]


def test_broken_run_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="expected runs of 4 pixels in all, found 3"):
        from_run_lengths({"size": [2, 2], "counts": [1, 2]})


def test_files_are_read_back(tmp_path: Path, results: list[SubjectResult]) -> None:
    masks = {"049": np.zeros((3, 4, 4), bool)}
    masks["049"][1, 2, 3] = True
    write_masks(tmp_path / "masks.json.gz", masks)
    read = json.loads(gzip.decompress((tmp_path / "masks.json.gz").read_bytes()))
    assert list(read) == ["049/2"]
    assert np.array_equal(from_run_lengths(read["049/2"]), masks["049"][1])
    write_scores(tmp_path, results)
    with (tmp_path / "scores.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 60
    assert rows[0]["subject"] == "049"
    assert int(rows[0]["area_px"]) == results[0].overlaps.predicted[0]
    with (tmp_path / "scan_scores.csv").open() as lines:
        assert len(list(csv.DictReader(lines))) == len(results)
