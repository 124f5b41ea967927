"""The int8 study, as a process on a synthetic dataset and an untrained network: resumed, and with bad input."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from study import study
from synthetic_ct_ich import write_ct_ich_nifti
from untrained_package import write_untrained_run

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    subjects = {"051": 2, "052": 0, "060": 1}
    return write_ct_ich_nifti(tmp_path_factory.mktemp("made") / "ct-ich", subjects, n_slices=3)


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained_run(tmp_path_factory.mktemp("runs") / "run", data)


def int8(*words: object) -> CompletedProcess[str]:
    return study("int8", *words)


def test_both_variants_are_evaluated_on_the_test_subjects(run: Path, data: Path, tmp_path: Path) -> None:
    before = {file.name: file.read_bytes() for file in (run / "fold-2/model").iterdir()}
    done = int8(run, "--data", data, "--out", tmp_path / "one", "--fold", 2)
    assert done.returncode == 0, done.stderr
    assert "[2/2] fold 2, subject 052" in done.stderr
    rows = json.loads((tmp_path / "one/rows.json").read_text())
    assert [(row["subject"], row["fold"], row["positive"]) for row in rows] == [
        ("051", 2, [False, True, True]),
        ("052", 2, [False, False, False]),
    ]
    for row in rows:
        both = np.array([row[variant]["slice_probability"] for variant in ("fp32", "int8")])
        assert both.shape == (2, 3)
        assert 0 < np.abs(both[0] - both[1]).max() < 0.2
        assert (row["fp32"]["dice"] is None) == (row["subject"] == "052")
    page = (tmp_path / "one/README.md").read_text()
    dice = re.search(r"^\| Dice \(n 1\) \| ([\d.]+) \| ([\d.]+) \| ([-+][\d.]+) \(", page, re.MULTILINE)
    assert dice is not None
    fp32, quantized, difference = map(float, dice.groups())
    assert fp32 == pytest.approx(rows[0]["fp32"]["dice"], abs=1e-4)
    assert difference == pytest.approx(quantized - fp32, abs=2e-4)
    assert f"so int8 is {'acceptable' if difference > -0.005 else 'not acceptable'}." in page
    assert "Reduced" not in page
    assert {file.name: file.read_bytes() for file in (run / "fold-2/model").iterdir()} == before

    done = int8(run, "--data", data, "--out", tmp_path / "two", "--fold", 2)
    assert done.returncode == 0 and "[" not in done.stderr
    assert (tmp_path / "two/rows.json").read_bytes() == (tmp_path / "one/rows.json").read_bytes()


def test_a_run_without_that_fold_is_refused(run: Path, data: Path, tmp_path: Path) -> None:
    done = int8(run, "--data", data, "--out", tmp_path / "out", "--fold", 2, "--fold", 3)
    assert (done.returncode, done.stderr) == (2, f"int8: {run}: expected a run with a model in fold-3, found none\n")
    empty = shutil.copytree(run, tmp_path / "empty", ignore=shutil.ignore_patterns("model"))
    assert int8(empty, "--data", data, "--out", tmp_path / "out").returncode == 2
    assert not (tmp_path / "out").exists()
