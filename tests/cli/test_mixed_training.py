"""`ichor train` on datasets with different kinds of labels, as a process on made copies of them."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ichor.models.package import read_config
from small_recipe import SMOKE
from synthetic_datasets import write_bhsd, write_cq500, write_instance2022
from warm import ichor

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Voxels with subtypes, voxels without, and labels of scans."""
    root = tmp_path_factory.mktemp("data")
    write_bhsd(root / "bhsd", {f"ID_{k:08x}_ID_{k:010x}": 1 + k % 5 for k in range(10)})
    write_instance2022(root / "instance", 5)
    write_cq500(root / "cq500", [(3, "SDH"), (0, ""), (2, "IPH"), (0, ""), (3, "SAH"), (0, "")])
    return [f"{name}={root / name}" for name in ("bhsd", "instance", "cq500")]


def recipe(folder: Path, **training: Any) -> Path:
    config = deepcopy(SMOKE)
    settings: dict[str, Any] = config["settings"]  # type: ignore[assignment]
    settings["recurrent"] = True
    settings["training"] |= {"subtype_loss": 0.5, **training}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder / "config.yaml"


def words(data: list[str]) -> list[str]:
    return [word for one in data for word in ("--data", one)] + ["--folds", "stratified"]


def test_a_model_is_trained_on_labels_of_voxels_and_of_scans(data: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = ichor("train", recipe(tmp_path, epochs=3), *words(data), "--out", run)
    assert done.returncode == 0, done.stderr
    training = read_config(run / "fold-1/model").training
    assert training is not None and [*training.datasets] == ["bhsd.", "instance.", "cq500."]
    assert any(subject.startswith("cq500.") for subject in training.training_subjects)
    assert any(subject.startswith("cq500.") for subject in training.test_subjects)
    for history in run.rglob("history.jsonl"):
        losses = [json.loads(line)["loss"] for line in history.read_text().splitlines()]
        assert len(losses) == 3 and losses[-1] < losses[0]
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["scan"]["auc"]["n"] == len(training.test_subjects)
    assert metrics["data"]["title"].startswith("BHSD") and "CQ500" in metrics["data"]["title"]


def test_crops_in_every_epoch_are_refused_where_masks_are_missing(data: list[str], tmp_path: Path) -> None:
    done = ichor("train", recipe(tmp_path, crop=32), *words(data), "--out", tmp_path / "run")
    assert done.returncode != 0 and len(done.stderr.strip().splitlines()) == 1
    assert "expected training.whole_epochs above 0" in done.stderr


def test_crops_in_every_epoch_suffice_where_only_subtypes_are_missing(data: list[str], tmp_path: Path) -> None:
    done = ichor("train", recipe(tmp_path, crop=32), *words(data[:2]), "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr


def test_labels_of_scans_alone_are_refused_in_one_line(data: list[str], tmp_path: Path) -> None:
    path = data[2].partition("=")[2]
    done = ichor("train", recipe(tmp_path), "--data", path, "--folds", "stratified", "--out", tmp_path / "run")
    assert done.returncode != 0 and len(done.stderr.strip().splitlines()) == 1
    assert "expected training slices with hemorrhage, found none" in done.stderr
