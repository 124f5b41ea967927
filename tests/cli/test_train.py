"""`ichor train` and `ichor export` as processes, on a few made subjects: interrupted, resumed, under torchrun."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from ichor.dataset.ct_ich.folds import authors_fold
from ichor.formats.run_lengths import from_run_lengths
from ichor.methods import load_model
from ichor.methods.unet_slices.settings import Parameters
from ichor.models.package import read_config
from ichor.read import open_scan
from ichor.runs.kept import read_prediction
from ichor.runs.score_table import SUBTYPE_COLUMNS
from synthetic_ct_ich import write_ct_ich
from warm import ichor

pytestmark = pytest.mark.long

CONFIG = {
    "name": "smoke",
    "method": "unet-slices",
    "fold": 1,
    "reduced": True,
    "settings": {
        "pixel_mm": 3.2,
        "size": 64,
        "widths": [4, 4, 8, 8],
        "training": {
            "epochs": 6,
            "batch": 4,
            "optimizer": "adamw",
            "learning_rate": 0.02,
            "schedule": "cosine",
            "loss": "tversky",
            "slice_loss": 0.5,
            "subtype_loss": 0.25,
            "average_decay": 0.5,
            "augmentation": {"flip": True, "rotation_deg": 10},
        },
    },
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fold = authors_fold(1)
    subjects = dict.fromkeys([*fold.training[:5], *fold.validation[:2], *fold.test[:3]], 2)
    subjects[fold.training[4]] = subjects[fold.test[2]] = 0
    return write_ct_ich(tmp_path_factory.mktemp("ct-ich"), subjects, n_slices=5)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("config") / "smoke.yaml"
    file.write_text(yaml.safe_dump(CONFIG))
    return file


@pytest.fixture(scope="module")
def run(data: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    done = ichor("train", config, "--data", data, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "Dice, paper's average" in done.stdout
    assert "not a medical device" in done.stdout
    assert re.search(r"epoch 5/6 .* left \d", done.stderr)
    assert "epoch 6/6" in done.stderr
    assert "torchvision" not in done.stderr  # not needed, and nothing for a user to mend
    return folder


def test_a_run_writes_the_documented_files(run: Path, data: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["experiment"] == "smoke"
    assert metrics["folds"] == [1]
    assert metrics["data"]["n_subjects"] == 3
    assert metrics["data"]["n_slices"] == 15
    assert metrics["made_by"]["reduced"] is True
    assert metrics["made_by"]["command"].startswith("ichor train ")
    assert "/" not in metrics["made_by"]["command"]  # no path of a machine in what is committed
    assert str(data) not in json.dumps(metrics)
    off = {"patches_elsewhere", "single_slice"}  # left out where a recipe has none
    assert set(metrics["made_by"]["parameters"]["1"]) == set(Parameters.model_fields) - off
    figure = metrics["dice"]["paper_average"]
    assert set(figure) == {"value", "ci95", "n"}
    assert figure["n"] == 2
    assert len((run / "fold-1/history.jsonl").read_text().splitlines()) == 6
    assert len((run / "scores.csv").read_text().splitlines()) == 16
    assert len((run / "scan_scores.csv").read_text().splitlines()) == 4
    assert not list(run.rglob("*.part"))


def test_the_kept_masks_are_those_of_the_exported_model(run: Path, data: Path, tmp_path: Path) -> None:
    import gzip

    assert ichor("export", run, "--out", tmp_path / "model", "--name", "made").returncode == 0
    model = load_model(tmp_path / "model")
    subject = authors_fold(1).test[0]
    segmentation = model.predict(open_scan(data / "Patients_CT" / subject))
    kept = json.loads(gzip.decompress((run / "masks.json.gz").read_bytes()))
    for index, mask in enumerate(segmentation.mask):
        key = f"{subject}/{index + 1}"
        assert np.array_equal(mask, from_run_lengths(kept[key])) if key in kept else not mask.any()
    assert segmentation.made_by.model == "made"
    subtypes = segmentation.subtype_probability
    assert subtypes is not None
    prediction = read_prediction(run / f"fold-1/out-of-fold/{subject}.npz")
    np.testing.assert_allclose(prediction.subtype_probability, subtypes, atol=1e-6)
    rows = [row for row in csv.DictReader((run / "scores.csv").open()) if row["subject"] == subject]
    np.testing.assert_allclose([[float(row[s]) for s in SUBTYPE_COLUMNS] for row in rows], subtypes, rtol=1e-4)
    files = {f.name for f in (tmp_path / "model").iterdir()}
    assert files == {
        "model.onnx",
        "known-answer.npz",
        "config.yaml",
        "metrics.json",
        "MODEL_CARD.md",
        "SHA256SUMS",
        "scan_scores.csv",
    }
    points = read_config(tmp_path / "model").parameters["operating_points"]
    assert f"- `triage`, from {points['triage']:g}: " in (tmp_path / "model/MODEL_CARD.md").read_text()


@pytest.mark.long
def test_a_killed_run_continues_to_the_same_weights(run: Path, data: Path, config: Path, tmp_path: Path) -> None:
    import torch

    folder = tmp_path / "killed"
    words = [sys.executable, "-m", "ichor", "train", str(config), "--data", str(data), "--out", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    history = folder / "fold-1" / "history.jsonl"
    try:
        while process.poll() is None and not (history.exists() and len(history.read_text().splitlines()) >= 2):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    finally:
        process.wait()
    done_before = len(history.read_text().splitlines())
    done = ichor("train", config, "--data", data, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert done_before < 6, "the run was over before it was killed"
    assert "epoch 1/6" not in done.stderr
    assert f"epoch {done_before + 1}/6" in done.stderr
    first, second = (torch.load(f / "fold-1/weights.pt", weights_only=True)["weights"] for f in (run, folder))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_finished_run_is_not_done_again(run: Path, data: Path, config: Path) -> None:
    files = [f for f in run.rglob("*") if f.is_file()]
    before = {f: f.stat().st_mtime_ns for f in files}
    done = ichor("train", config, "--data", data, "--out", run)
    assert done.returncode == 0
    assert "Dice, paper's average" in done.stdout
    assert "epoch" not in done.stderr
    assert {f: f.stat().st_mtime_ns for f in run.rglob("*") if f.is_file()} == before


@pytest.mark.long
def test_a_run_killed_between_fit_and_report_is_finished(run: Path, data: Path, config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    (folder / "metrics.json").unlink()
    shutil.rmtree(folder / "fold-1/model")
    assert ichor("train", config, "--data", data, "--out", folder).returncode == 0
    first, second = (json.loads((f / "metrics.json").read_text()) for f in (run, folder))
    assert {**first, "made_by": None} == {**second, "made_by": None}


def test_a_run_stays_on_its_data(run: Path, config: Path, tmp_path: Path) -> None:
    fold = authors_fold(1)
    other = write_ct_ich(tmp_path, {fold.training[0]: 1, fold.validation[0]: 1, fold.test[0]: 1}, n_slices=2)
    done = ichor("train", config, "--data", other, "--out", run)
    assert done.returncode == 2
    assert "expected a run on data" in done.stderr


@pytest.mark.long
def test_under_torchrun_two_processes_train_one_model(data: Path, config: Path, tmp_path: Path) -> None:
    words = ["--standalone", "--nproc-per-node", "2", "-m", "ichor", "train", str(config), "--data", str(data)]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *words, "--out", str(tmp_path / "two")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Dice, paper's average") == 1
    assert len((tmp_path / "two/fold-1/history.jsonl").read_text().splitlines()) == 6
    assert (tmp_path / "two/metrics.json").is_file()


@pytest.mark.long
def test_the_papers_network_trains_by_the_same_command(data: Path, tmp_path: Path) -> None:
    tiles = {
        "name": "tiles-smoke",
        "method": "unet-tiles",
        "reduced": True,
        "settings": {"width": 2, "pixel_mm": 1.32, "size": 160, "tile": 64, "stride": 32,
                     "training": {"epochs": 1, "learning_rate": 0.001}},
    }  # fmt: skip
    file = tmp_path / "tiles.yaml"
    file.write_text(yaml.safe_dump(tiles))
    done = ichor("train", file, "--data", data, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "run/metrics.json").read_text())["config"]["method"] == "unet-tiles"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["train", "nothing", "--data", "{data}", "--out", "{tmp}/x"], "expected a YAML file or one of"),
        (["train", "compact", "--data", "{tmp}", "--out", "{tmp}/x"], "expected a dataset in a layout"),
        (["train", "paper/threshold", "--data", "{data}", "--out", "{run}"], "found a run of 'smoke'"),
        (["export", "{tmp}", "--out", "{tmp}/y"], "expected a YAML file"),
        (["export", "{run}", "--out", "{tmp}"], "expected a folder that does not exist yet"),
    ],
)
def test_invalid_use_is_reported_in_one_line(
    run: Path, data: Path, tmp_path: Path, words: list[str], line: str
) -> None:
    done = ichor(*(w.format(data=data, tmp=tmp_path, run=run) for w in words))
    assert done.returncode == 2
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
