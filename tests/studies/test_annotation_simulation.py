"""The annotation simulation as a process on synthetic subjects: killed, resumed, and with bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from PIL import Image

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.ct_ich.folds import authors_fold
from paths import ROOT
from studies.annotation_simulation.run import ROUNDS
from study import command, study
from synthetic_ct_ich import write_ct_ich

pytestmark = pytest.mark.long

SMALL = {
    "name": "small",
    "reduced": True,
    "folds": [1],
    "start": 2,
    "rounds": 2,
    "budget_min": 1.6,
    "first_steps": 4,
    "steps": 2,
    "settings": {
        "pixel_mm": 6.4,
        "size": 32,
        "widths": [4, 4, 8, 8],
        "training": {"batch": 4, "slice_loss": 0.5, "learning_rate": 0.01, "loss": "tversky", "keep": "last"},
    },
}
RESULT = {"simulation.json", "README.md", "learning-curves.png"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset with three subjects of each test block, two of them with hemorrhage."""
    subjects = {s: n for k in range(1, 6) for s, n in zip(authors_fold(k).test, (1, 0, 1), strict=False)}
    return write_ct_ich(tmp_path_factory.mktemp("ct-ich"), subjects, n_slices=2)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("config") / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL))
    return file


def simulate(*words: object, **env: str) -> subprocess.CompletedProcess[str]:
    return study("annotation_simulation", *words, env={**os.environ, **env})


def found_in(out: Path) -> dict:
    return {**json.loads((out / "simulation.json").read_text()), "made_by": None}


@pytest.fixture(scope="module")
def simulated(data: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulation that was killed in its third round and then completed."""
    out = tmp_path_factory.mktemp("simulations") / "small"
    process = subprocess.Popen(
        command("annotation_simulation", data, "--out", out, "--config", config),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None and not list(out.glob(f"{ROUNDS}/*/uncertainty-1/member-1/checkpoint.pt")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    finally:
        process.wait()
    assert not (out / "simulation.json").exists(), "the simulation was over before it was killed"
    first = {file: file.stat().st_mtime_ns for file in out.glob(f"{ROUNDS}/*/*.json")}
    assert {file.stem for file in first} >= {"start", "random-1", "random-2"}

    done = simulate(data, "--out", out, "--config", config)
    assert done.returncode == 0, done.stderr
    assert "cost-sensitive active learning" in done.stdout
    assert "[7/7] fold 1, repeat 1: cost-sensitive-2" in done.stderr
    assert {file: file.stat().st_mtime_ns for file in first} == first
    return out


def test_a_simulation_writes_tables_a_picture_and_all_figures(simulated: Path, data: Path) -> None:
    assert {file.name for file in simulated.iterdir()} == {*RESULT, "config.yaml", "data.json", ROUNDS}
    found = json.loads((simulated / "simulation.json").read_text())
    assert found["made_by"]["command"] == "python -m studies.annotation_simulation ct-ich --out DIR --config small.yaml"
    assert found["data"]["fingerprint"] == CtIch(data).fingerprint
    assert set(found["curves"]) == {"random order", "uncertainty", "cost-sensitive"}
    assert found["n_subjects"] == 3
    test = set(authors_fold(1, CtIch(data).subjects).test)
    assert set(found["per_subject"]) < test
    page = (simulated / "README.md").read_text()
    assert "not a medical device" in page and "reduced" in page
    assert all(part in page for part in ("modelled", "| start, the same for all |", "| cost-sensitive, round 2 |"))
    assert re.findall(r"\]\((?!https?:)([^)]+)\)", page) == ["learning-curves.png"]
    assert str(data) not in page + json.dumps(found)
    with Image.open(simulated / "learning-curves.png") as picture:
        assert picture.size[0] > 1000


def test_no_order_exceeds_the_budget(simulated: Path) -> None:
    found = json.loads((simulated / "simulation.json").read_text())
    for curve in found["curves"].values():
        start, *rounds = curve["rounds"]
        assert start["labelled"] == 2
        for number, one in enumerate(rounds, 1):
            assert start["labelling_min"] < one["labelling_min"] <= start["labelling_min"] + number * 1.6 + 0.01
            assert one["labelled"] > start["labelled"]


def test_an_interrupted_simulation_gives_the_same_result(
    simulated: Path, data: Path, config: Path, tmp_path: Path
) -> None:
    done = simulate(data, "--out", tmp_path / "whole", "--config", config)
    assert done.returncode == 0, done.stderr
    assert found_in(tmp_path / "whole") == found_in(simulated)
    assert (tmp_path / "whole/learning-curves.png").read_bytes() == (simulated / "learning-curves.png").read_bytes()


def test_a_folder_with_another_config_is_not_touched(simulated: Path, data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump({**SMALL, "rounds": 1}))
    done = simulate(data, "--out", simulated, "--config", other)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and "found a run of 'small' with other settings" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere", "--out", "out"), "nowhere: expected the folder of a dataset, found none"),
        (("DATA", "--out", "out", "--config", "nothing"), "nothing: expected a simulation's configuration, found "),
    ],
)
def test_bad_input_is_reported_in_one_line(words: tuple[str, ...], message: str, data: Path, tmp_path: Path) -> None:
    done = simulate(*({"DATA": data, "out": tmp_path / "out"}.get(word, word) for word in words))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert message in done.stderr
    assert not list(tmp_path.rglob("simulation.json"))


def test_without_the_training_packages_it_says_what_to_install(data: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['torch'] = None\n")
    done = simulate(
        data, "--out", tmp_path / "out", PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "annotation_simulation: expected the training packages, found no torch; install them with pip install "
        "'ichor-ct[train]'"
    ]
