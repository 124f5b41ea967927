"""The script for a GPU, as a process on this machine: experiments with real networks, on made scans."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ichor.runs.files import read_metrics
from small_recipe import SMOKE
from synthetic_ct_ich import write_ct_ich

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "train_side_by_side.py"
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects of each block of the folds, the first with hemorrhage."""
    blocks = (("080", "088"), ("108", "122"), ("089", "095"), ("073", "100"), ("084", "130"))
    subjects = {subject: number for block in blocks for subject, number in zip(block, (1, 0), strict=True)}
    return write_ct_ich(tmp_path_factory.mktemp("data"), subjects, n_slices=2)


def side_by_side(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_recipe_and_the_papers_experiment_run_for_one_epoch(data: Path, tmp_path: Path) -> None:
    """The reduced network of the paper: the published one takes minutes for this on a CPU."""
    done = side_by_side("recipe/base", "paper/unet-tiles-reduced=1", "--data", data, "--out", tmp_path, "--try")
    logs = {log: log.read_text() for log in tmp_path.glob("*/fold-1.log")}
    assert done.returncode == 0, (done.stderr, logs)
    for name in ("recipe-base", "paper-unet-tiles-reduced"):
        assert read_metrics(tmp_path / name)["folds"] == [1]


def test_what_the_time_cut_off_continues_with_the_same_command(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "smoke.yaml"
    config.write_text(yaml.safe_dump(SMOKE))
    words = (config, "--data", data, "--out", tmp_path / "out")
    cut = side_by_side(*words, "--minutes", "0")
    assert cut.returncode == 1
    assert cut.stderr.splitlines() == [f"smoke, fold {fold}: not finished" for fold in range(1, 6)]
    assert side_by_side(*words).returncode == 0
    assert read_metrics(tmp_path / "out" / "smoke")["folds"] == [1, 2, 3, 4, 5]


def test_a_fold_that_fails_is_named(tmp_path: Path) -> None:
    done = side_by_side("compact=2", "--data", tmp_path / "missing", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert sorted(done.stderr.splitlines()) == [f"compact, fold {fold}: exit status 2" for fold in range(1, 6)]
    assert "missing" in (tmp_path / "out" / "compact" / "fold-1.log").read_text()
