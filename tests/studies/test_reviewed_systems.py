"""The comparison of the reviewed systems agrees with the committed runs and with the review."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from ichor.experiments.config import load_config
from ichor.runs.files import read_metrics
from paths import ROOT
from studies.reviewed_systems.comparison import REVIEW, base_of, holm
from study import study

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
