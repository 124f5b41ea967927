"""The comparison of the reviewed systems agrees with the committed runs and with the review."""

from __future__ import annotations

import shutil
from csv import DictReader
from pathlib import Path
from typing import Any

import pytest
import yaml

from ichor.dataset.ct_ich import CtIch
from ichor.experiments.config import load_config
from ichor.formats.run_lengths import from_run_lengths
from ichor.runs.files import read_metrics
from ichor.runs.plain_files import read_object
from ichor.subtypes import Subtype
from paths import ROOT
from studies.reviewed_systems.comparison import REVIEW, base_of, holm, level_of
from studies.reviewed_systems.examples import EXAMPLES, read_examples
from studies.reviewed_systems.lessons import lessons
from studies.reviewed_systems.page import page
from studies.reviewed_systems.system import System
from study import study
from synthetic_metrics import synthetic_metrics

LITERATURE = ROOT / "results" / "literature"
RUNS = sorted(file.parent.name for file in LITERATURE.glob("*/metrics.json"))


def test_the_page_is_up_to_date(tmp_path: Path) -> None:
    copy = tmp_path / "literature"
    shutil.copytree(LITERATURE, copy, ignore=shutil.ignore_patterns("README.md", "*.png"))
    done = study("reviewed_systems", "page", "--out", copy)
    assert done.returncode == 0, done.stderr
    told = "run `.venv/bin/python -m studies.reviewed_systems page`"
    assert (copy / "README.md").read_text() == (LITERATURE / "README.md").read_text(), told
    assert (copy / "claims.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", RUNS)
def test_a_row_is_a_whole_run_of_a_config_that_ships(name: str) -> None:
    metrics = read_metrics(LITERATURE / name)
    config = load_config(f"literature/{name}")
    assert metrics["folds"] == [1, 2, 3, 4, 5]
    assert metrics["data"]["n_subjects"] == 82
    assert (metrics["config"]["method"], metrics["made_by"]["reduced"]) == (config.method, config.reduced)


def test_every_row_names_a_system_of_the_review() -> None:
    review = yaml.safe_load(REVIEW.read_text(encoding="utf-8"))
    systems = [name for table in ("detection", "segmentation") for row in review[table] for name in row["systems"]]
    assert len(systems) == len(set(systems))
    assert {base_of(name) for name in RUNS} <= set(systems)


def test_an_incomplete_run_is_refused(ct_ich: Path, tmp_path: Path) -> None:
    done = study("reviewed_systems", "add", ROOT / "results" / "compact", "--data", ct_ich, "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("expected a run of all five folds, found folds [1]")
    assert list(tmp_path.iterdir()) == []


def test_holms_correction() -> None:
    # By hand: 4 x 0.005, 3 x 0.01, 2 x 0.03, then not less than the one before.
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert found == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})


def _system(name: str, dice: float, claimed: float, **more: Any) -> System:
    paper = {"method": name, "claimed": {"dice": claimed}, "testing": {"with": "9", "without": "0"}}
    return System(name, paper, synthetic_metrics(name, dice=dice), **{"seconds": None, "p_dice": None, **more})


def test_lessons_count_the_claims_above_the_interval_and_correlate_them() -> None:
    # The intervals end 0.05 above each figure: the first three claims are above.
    systems = [_system(f"s{k}", 0.1 * k, claimed) for k, claimed in enumerate((0.9, 0.8, 0.7, 0.3, 0.2), 1)]
    told = lessons(systems, ["none"])
    assert "Of 5 claims that can be compared, 3 lie above" in told[0]
    assert "its rank correlation with the Dice here is -1.00" in told[1]
    assert "Of their 5 papers, 5 report no test on scans without hemorrhage" in told[2]


def test_lessons_leave_out_what_is_not_of_the_review_and_name_the_slowest() -> None:
    systems = [_system("fast", 0.3, 0.8, seconds=0.5), _system("slow", 0.3, 0.8, seconds=9.0)]
    told = lessons([*systems, _system("ours", 0.9, 0.1, seconds=100.0)], ["ours"])
    assert "The 2 systems that were timed take 0.5 s (`fast`) to 9.0 s (`slow`)" in told[-1]


def test_a_system_for_scans_is_known_by_its_scores_and_shows_how_it_fits_scans(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("subject,slice,probability\n1,1,0.2\n1,2,0.2\n2,1,0.7\n")
    assert level_of(tmp_path) == "scan"
    (tmp_path / "scores.csv").write_text("subject,slice,probability\n1,1,0.2\n1,2,0.3\n2,1,0.7\n")
    assert level_of(tmp_path) == "slice"
    one = _system("whole", 0.3, 0.8, level="scan")
    one.metrics["made_by"]["parameters"] = {"1": {"on_training_subjects": {"slice_auc": 0.6, "scan_auc": 0.95}}}
    assert one.training_auc == 0.95
    one.metrics["made_by"]["parameters"]["1"]["on_training_subjects"]["scan_auc"] = 0.85
    shown = page([one], [], "none", [], [])
    assert "| training AUC |" in shown
    assert "| 0.850 for scans (does not fit) |" in shown


def test_a_system_that_was_given_seeds_has_neither_detection_figures_nor_rank() -> None:
    systems = [_system(name, dice, 0.8) for name, dice in (("first", 0.6), ("told", 0.5), ("second", 0.4))]
    systems[1].metrics["made_by"]["seeded"] = True
    shown = [line for line in page(systems, [], "none", [], []).splitlines() if line.startswith("|")]
    assert shown[2].startswith("| 1 | `first` |") and shown[4].startswith("| 2 | `second` |")
    assert shown[3].startswith("|  | `told` (given seeds) | 0.500 ") and shown[3].count("| given ") == 6
    assert "| `told` | told | 9 with, 0 without hemorrhage |" in shown[8] and shown[8].endswith("| Dice 0.50 |")
    for one in systems:
        one.metrics["made_by"]["parameters"] = {"1": {"n_parameters": 9}}
    told = lessons([*systems, _system("rules", 0.1, 0.8)], ["none"])
    assert "Of 3 systems that outline" in told[1] and "of the 2 systems with networks" in told[2]


def test_the_subtype_auc_of_a_system_that_names_one_subtype_is_that_ones() -> None:
    one = _system("sah", 0.3, 0.8)
    each = {s.value: {"value": 0.7 if s is Subtype.SAH else 0.5, "ci95": [0.4, 0.8], "n": 9} for s in Subtype}
    one.metrics["subtype_auc"] = {**each, "mean": {"value": 0.54, "ci95": [0.5, 0.6], "n": 9}}
    assert "| 0.700 (0.400 to 0.800), SAH only |" in page([one], [], "none", [], [])
    each["IVH"]["value"] = 0.6
    assert "| 0.540 (0.500 to 0.600) |" in page([one], [], "none", [], [])


def test_examples_are_chosen_by_the_truth_from_different_subjects(ct_ich: Path) -> None:
    chosen = read_examples(LITERATURE)
    assert [one.subtype for one in chosen] == [*(one.value for one in Subtype), None]
    assert len({one.subject for one in chosen}) == len(chosen)
    dataset = CtIch(ct_ich)
    for one in chosen:
        case = dataset.truth(one.subject)
        labels = case.labels[one.index]
        shown = [s.value for s, there in zip(Subtype, labels, strict=True) if there]
        assert shown == ([one.subtype] if one.subtype else [])
        assert bool(case.mask[one.index].any()) == (one.subtype is not None)


@pytest.mark.parametrize("name", RUNS)
def test_a_row_keeps_its_marks_on_the_examples(name: str) -> None:
    examples = read_examples(LITERATURE)
    marks = read_object(LITERATURE / name / EXAMPLES, "marks by slice")
    assert set(marks) == {one.key for one in examples}
    scores = {f"{row['subject']}/{row['slice']}": row for row in DictReader((LITERATURE / name / "scores.csv").open())}
    for key, mark in marks.items():
        if mark["mask"] is not None:
            assert from_run_lengths(mark["mask"]).sum() == int(scores[key]["area_px"])
        assert mark["probability"] == pytest.approx(float(scores[key]["probability"]), abs=1e-3)
