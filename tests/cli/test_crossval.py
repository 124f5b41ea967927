"""`ichor crossval` as a process, on a few made subjects of each fold: interrupted, resumed, folds apart."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from ichor.cli import app
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from ichor.dataset.folds import stratified_folds
from ichor.errors import IchorError
from ichor.experiments.config import load_config
from ichor.experiments.run import probabilities_in
from ichor.runs.kept import read_prediction, read_raw, write_kept
from ichor.runs.predictions import read_predictions
from synthetic_ct_ich import write_ct_ich
from warm import ichor

pytestmark = pytest.mark.long

TILES = {
    "name": "tiles",
    "method": "unet-tiles",
    "reduced": True,
    "settings": {
        "width": 2,
        "pixel_mm": 2.64,
        "size": 80,
        "tile": 32,
        "stride": 16,
        "training": {"epochs": 2, "batch": 16, "learning_rate": 0.003},
    },
}
FOLDS = range(1, 6)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects of each test block, the first with hemorrhage."""
    subjects = {s: n for k in FOLDS for s, n in zip(authors_fold(k).test, (2, 0), strict=False)}
    return write_ct_ich(tmp_path_factory.mktemp("ct-ich"), subjects, n_slices=3)


def write(config: dict, file: Path) -> Path:
    file.write_text(yaml.safe_dump(config))
    return file


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(TILES, tmp_path_factory.mktemp("config") / "tiles.yaml")


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "ichor", "crossval", *map(str, words)]


def crossval(*words: object, **env: str) -> subprocess.CompletedProcess[str]:
    return ichor("crossval", *words, env={**os.environ, **env})


def refused(line: str, *words: object) -> None:
    """The command refuses in one line, for which `main` leaves with 2; without a process, which takes seconds."""
    with pytest.raises(IchorError) as caught:
        app([*map(str, words)], standalone_mode=False)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def figures(run: Path) -> dict:
    return {**json.loads((run / "metrics.json").read_text()), "made_by": None}


@pytest.fixture(scope="module")
def run(data: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run killed on its way, one fold done by a process of its own, and then taken to its end."""
    folder = tmp_path_factory.mktemp("runs") / "tiles"
    process = subprocess.Popen(
        command(config, "--data", data, "--out", folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while process.poll() is None and not list(folder.glob("fold-2/checkpoint.pt")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    finally:
        process.wait()
    assert not (folder / "metrics.json").exists(), "the run was over before it was killed"

    done = crossval(config, "--data", data, "--out", folder, "--fold", 4)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["folds"] == [1, 4]
    # Not the command of the call that came last, which did one of them.
    assert metrics["made_by"]["command"] == "ichor crossval tiles.yaml --data ct-ich --out RUN --fold 1 --fold 4"

    first = (folder / "fold-1/weights.pt").stat().st_mtime_ns
    done = crossval(config, "--data", data, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "Dice, paper's average" in done.stdout
    assert "not a medical device" in done.stdout
    assert (folder / "fold-1/weights.pt").stat().st_mtime_ns == first
    return folder


def test_every_subject_is_reported_on_by_a_model_that_never_saw_it(run: Path, data: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["folds"] == [1, 2, 3, 4, 5]
    assert metrics["data"]["n_subjects"] == 10
    assert metrics["data"]["n_slices"] == 30
    assert metrics["dice"]["paper_average"]["n"] == 5
    assert metrics["made_by"]["reduced"] is True
    assert metrics["made_by"]["command"] == "ichor crossval tiles.yaml --data ct-ich --out RUN"
    assert str(data) not in json.dumps(metrics)
    rows = list(csv.DictReader((run / "scan_scores.csv").open()))
    subjects = CtIch(data).subjects
    assert sorted(row["subject"] for row in rows) == sorted(subjects)
    for row in rows:
        package = yaml.safe_load((run / f"fold-{row['fold']}/model/config.yaml").read_text())["training"]
        assert row["subject"] in package["test_subjects"]
        assert row["subject"] not in {*package["training_subjects"], *package["validation_subjects"]}


def test_an_interrupted_simulation_gives_the_same_result(run: Path, data: Path, config: Path, tmp_path: Path) -> None:
    """Of the fold in which the run was killed: the same losses and the same raw output."""
    done = crossval(config, "--data", data, "--out", tmp_path / "straight", "--fold", 2)
    assert done.returncode == 0, done.stderr
    losses = [
        [json.loads(line)["loss"] for line in (of / "fold-2/history.jsonl").read_text().splitlines()]
        for of in (run, tmp_path / "straight")
    ]
    assert len(losses[0]) == 2 and losses[0] == losses[1]
    for kept in (run / "fold-2/out-of-fold").iterdir():
        again = tmp_path / "straight/fold-2/out-of-fold" / kept.name
        one, other = (read_raw(file) for file in (kept, again))
        assert one.voxels.keys() == other.voxels.keys() and one.arrays.keys() == other.arrays.keys()
        assert all(np.array_equal(one.voxels[name].values, other.voxels[name].values) for name in one.voxels)
        assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays)
        assert np.array_equal(read_prediction(kept).mask, read_prediction(again).mask)


def test_probabilities_of_every_slice_are_kept(run: Path, data: Path) -> None:
    dataset = CtIch(data)
    predictions = read_predictions(run, dataset)
    kept = probabilities_in(run)
    for subject in dataset.subjects:
        probability = kept(subject)
        assert probability is not None
        assert probability.shape == (3, 650, 650)
        own = next(run.glob(f"fold-*/out-of-fold/{subject}.npz"))
        assert np.array_equal(read_prediction(own).mask, predictions[subject].mask)
        # What is kept of a probability is within 0.1 of its logit: 0.025 at most.
        assert np.abs(probability.max(axis=(1, 2)) - predictions[subject].slice_probability).max() < 0.026
        assert {*read_raw(own).voxels, *read_raw(own).arrays} == {"probability", "stretched"}
    assert kept("999") is None


def test_a_finished_run_is_not_done_again(run: Path, data: Path, config: Path) -> None:
    before = {f: f.stat().st_mtime_ns for f in run.rglob("*") if f.is_file()}
    done = crossval(config, "--data", data, "--out", run)
    assert done.returncode == 0
    assert {f: f.stat().st_mtime_ns for f in before} == before


def test_a_lost_or_damaged_subject_is_predicted_again_or_named(
    run: Path, data: Path, config: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    lost, damaged = sorted((tmp_path / "run/fold-3/out-of-fold").iterdir())
    lost.unlink()
    assert crossval(config, "--data", data, "--out", tmp_path / "run").returncode == 0
    assert figures(tmp_path / "run") == figures(run)

    damaged.write_bytes(damaged.read_bytes()[:200])
    done = crossval(config, "--data", data, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert f"{damaged}: expected a subject's prediction, found" in done.stderr
    assert not (tmp_path / "run/metrics.json").exists()  # no figures beside predictions that they are not of


def test_a_fold_that_is_predicted_again_is_reported_again(run: Path, data: Path, config: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    kept = next((tmp_path / "run/fold-3/out-of-fold").iterdir())
    old = read_prediction(kept)
    write_kept(kept, replace(old, slice_probability=0.5 * old.slice_probability), read_raw(kept))
    assert crossval(config, "--data", data, "--out", tmp_path / "run", "--fold", 3).returncode == 0
    assert figures(tmp_path / "run") != figures(run)
    found = read_predictions(tmp_path / "run", CtIch(data))[old.subject].slice_probability
    assert found == pytest.approx(0.5 * old.slice_probability, rel=1e-4)


def test_processes_that_start_a_run_together_do_not_interfere(data: Path, tmp_path: Path) -> None:
    words = ["paper/threshold-published", "--data", data, "--out", tmp_path / "run", "--fold"]
    together = [subprocess.Popen(command(*words, k), stderr=subprocess.PIPE, text=True) for k in (1, 2, 3)]
    for process in together:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert json.loads((tmp_path / "run/metrics.json").read_text())["folds"] == [1, 2, 3]


def test_the_same_command_runs_under_torchrun(data: Path, config: Path, tmp_path: Path) -> None:
    words = ["--standalone", "--nproc-per-node", "2", *command(config, "--data", data, "--out", tmp_path / "two")[1:]]
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", *words, "--fold", "2"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Dice, paper's average") == 1  # one of the two reports
    metrics = json.loads((tmp_path / "two/metrics.json").read_text())
    assert (metrics["folds"], metrics["data"]["n_subjects"]) == ([2], 2)
    assert len((tmp_path / "two/fold-2/history.jsonl").read_text().splitlines()) == 2


def test_raw_output_is_postprocessed_again_without_a_fit(run: Path, data: Path, tmp_path: Path) -> None:
    """The released code's stretch on the same raw output."""
    again = {**TILES, "name": "again", "raw_output_of": "tiles", "settings": {**TILES["settings"], "stretch": True}}
    file = write(again, tmp_path / "again.yaml")
    done = crossval(file, "--data", data, "--out", tmp_path / "again", "--raw-output", run)
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "again").rglob("weights.pt"))
    dataset = CtIch(data)
    predictions = read_predictions(tmp_path / "again", dataset)
    # An empty tile's faint maximum becomes full hemorrhage: with the stretch every slice has some above a half.
    assert all((p.slice_probability > 0.5).all() for p in predictions.values())

    # The other ranks of a torchrun group leave it to the first.
    assert crossval(file, "--data", data, "--out", tmp_path / "x", "--raw-output", run, RANK="1").returncode == 0
    other = write({**again, "settings": {**again["settings"], "width": 3}}, tmp_path / "other.yaml")
    for words, line in (
        ([file, "--data", data, "--out", tmp_path / "x"], "expected --raw-output, a run of tiles"),
        (
            [file, "--data", data, "--out", tmp_path / "x", "--raw-output", tmp_path],
            "expected a run of tiles, found none",
        ),
        (
            [file, "--data", data, "--out", tmp_path / "x", "--raw-output", tmp_path / "again"],
            "expected a run of tiles, found one of again",
        ),
        (
            [other, "--data", data, "--out", tmp_path / "x", "--raw-output", run],
            "expected raw output by the settings of again",
        ),
        (["paper/threshold", "--data", data, "--out", tmp_path / "x", "--raw-output", run], "expected no --raw-output"),
    ):
        refused(line, "crossval", *words)
        assert not (tmp_path / "x").exists()


def test_new_raw_output_is_postprocessed_again(run: Path, data: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    again = {**TILES, "name": "again", "raw_output_of": "tiles", "settings": {**TILES["settings"], "stretch": True}}
    file = write(again, tmp_path / "again.yaml")
    words = [file, "--data", data, "--out", tmp_path / "again", "--raw-output", tmp_path / "run", "--fold", 2]
    assert crossval(*words).returncode == 0
    before = figures(tmp_path / "again")
    for kept in (tmp_path / "run/fold-2/out-of-fold").iterdir():
        raw = read_raw(kept)
        halved = replace(raw, arrays={"stretched": raw.arrays["stretched"] // 2})
        write_kept(kept, read_prediction(kept), halved)
    assert crossval(*words).returncode == 0
    assert figures(tmp_path / "again") != before
    predictions = read_predictions(tmp_path / "again", CtIch(data))
    assert all((p.slice_probability <= 0.5).all() for p in predictions.values())


def test_a_run_is_published_with_its_pictures_and_without_its_weights(run: Path, data: Path, tmp_path: Path) -> None:
    def publish(source: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return ichor("publish", source, "--data", data, "--out", out, *more)

    out = tmp_path / "result"
    assert publish(run, out).returncode == 0
    (out / "about.yaml").write_text(
        "limits: |-\n  It fails in the <!-- figure: n -->1<!-- end --> way that was tried.\n"
    )
    done = publish(run, out)  # an earlier result is replaced, but for what people wrote about it
    assert done.returncode == 0, done.stderr
    assert figures(out) == figures(run)
    kept = {f.relative_to(out).parts[0] for f in out.rglob("*") if f.is_file()}
    assert kept == {
        "metrics.json",
        "scores.csv",
        "scan_scores.csv",
        "README.md",
        "about.yaml",
        "figures",
    }
    page = (out / "README.md").read_text()
    assert "masks.json.gz" not in page
    assert publish(run, tmp_path / "with-masks", "--masks").returncode == 0
    assert (tmp_path / "with-masks/masks.json.gz").read_bytes() == (run / "masks.json.gz").read_bytes()
    assert "masks.json.gz" in (tmp_path / "with-masks/README.md").read_text()
    assert figures(tmp_path / "with-masks") == figures(out)
    assert "## Limitations\n\nIt fails in the 1 way that was tried.\n" in page
    pictures = sorted((out / "figures").glob("*.png"))
    assert any("figure-4" in f.name for f in pictures)  # the run's probabilities are at hand
    assert all(f"figures/{f.name}" in page for f in pictures)

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("mine")
    where = ["--data", data, "--out"]
    refused("expected a new folder or one with a result's metrics.json", "publish", run, *where, tmp_path / "mine")
    assert (tmp_path / "mine/thesis.txt").exists()
    (out / "about.yaml").write_text("limit: none")
    refused("about.yaml: expected the description of a result, found limit: extra", "publish", run, *where, out)
    assert "It fails in the 1 way" in (out / "README.md").read_text()
    refused("metrics.json: expected", "publish", tmp_path, *where, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_stratified_folds_are_a_setting(data: Path, tmp_path: Path) -> None:
    file = write({"name": "stratified", "method": "threshold", "folds": "stratified"}, tmp_path / "config.yaml")
    done = crossval(file, "--data", data, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    dataset = CtIch(data)
    folds = stratified_folds({s: dataset.labels[s] for s in dataset.subjects}, 0)
    rows = list(csv.DictReader((tmp_path / "run/scan_scores.csv").open()))
    assert {row["subject"]: int(row["fold"]) for row in rows} == {s: f.number for f in folds for s in f.test}


@pytest.mark.parametrize(
    ("small", "full"),
    [
        ("paper/unet-tiles-reduced", "paper/unet-tiles"),
        ("paper/unet-full-reduced", "paper/unet-full"),
        ("paper/unet-tiles-as-released-reduced", "paper/unet-tiles-as-released"),
    ],
)
def test_a_reduced_config_is_marked_and_differs_only_in_size(small: str, full: str) -> None:
    reduced, whole = load_config(small), load_config(full)
    assert (reduced.reduced, whole.reduced) == (True, False)
    assert reduced.name == f"{whole.name}-reduced"
    size = {"width", "pixel_mm", "size", "tile", "stride", "training"}
    assert {k: v for k, v in reduced.settings.items() if k not in size} == {
        k: v for k, v in whole.settings.items() if k not in size
    }
    for name in ("size", "tile", "stride"):  # the same in mm
        assert (
            reduced.settings[name] * reduced.settings["pixel_mm"] == whole.settings[name] * whole.settings["pixel_mm"]
        )
    budget = {"epochs", "batch", "learning_rate", "schedule", "validate_every"}
    ours, theirs = reduced.settings["training"], whole.settings["training"]
    assert {k: v for k, v in ours.items() if k not in budget} == {k: v for k, v in theirs.items() if k not in budget}
