"""The script for a GPU, as a process on this machine: experiments with real networks, on made scans."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ichor.runs.files import read_metrics
from small_recipe import SMOKE
from synthetic_datasets import made_head, write_nnunet

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "train_side_by_side.py"
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten scans of six small slices, half of them with hemorrhage."""
    masks = [made_head(number)[1] & bool(number % 2) for number in range(10)]
    return write_nnunet(tmp_path_factory.mktemp("data"), {"background": 0, "hemorrhage": 1}, masks)


def side_by_side(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, words), "--folds", "stratified"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_next_recipe_and_the_papers_network_run_for_one_epoch(data: Path, tmp_path: Path) -> None:
    done = side_by_side("recipe/all", "paper/unet-tiles=1", "--data", data, "--out", tmp_path, "--try")
    logs = {log: log.read_text() for log in tmp_path.glob("*/fold-1.log")}
    assert done.returncode == 0, (done.stderr, logs)
    for name in ("recipe-all", "paper-unet-tiles"):
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
