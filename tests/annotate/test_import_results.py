"""Results of a screening as a reader's drawing: the model's outlines, on the scan, without running it again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from ichor.annotate.project import UNSTATED, open_project
from synthetic_scans import DetectorMethod, ThresholdMethod
from view.result_files import write_result


def imported(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "annotate", "import", *map(str, words), "--reader", "ann"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.long
def test_outlines_become_a_drawing_to_correct(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "out")
    write_result(tmp_path / "out", "plain", method=ThresholdMethod())
    done = imported(tmp_path / "study", tmp_path / "out")
    assert done.returncode == 0 and "2 of 2 scans added for ann" in done.stdout
    with open_project(tmp_path / "study") as project:
        scans = {one.name: one.id for one in project.scans()}
        mask = np.asarray(nibabel.load(folder / "mask.nii.gz").dataobj).transpose(2, 1, 0)  # type: ignore[attr-defined]
        drawn = project.label_map(scans["head"], "ann")
        assert drawn.any() and (np.array_equal(drawn, mask) or np.array_equal(drawn > 0, mask[:, ::-1] > 0))
        assert project.state(scans["head"], "ann") == "in progress"
        assert project.looked(scans["head"], "ann") == frozenset()
        origins = {one for each in project.layer(scans["head"], "ann").maps.values() for one in each.origins.values()}
        assert origins == {"ai"}
        assert set(np.unique(project.label_map(scans["plain"], "ann"))) == {0, UNSTATED}
        # The probabilities come along: where something is drawn they are high.
        stored = [project.probability(scans["head"], k) for k in range(len(drawn))]
        assert all(
            one is not None and one[map_ > 0].min(initial=1) >= 0.5 for one, map_ in zip(stored, drawn, strict=True)
        )
    again = imported(tmp_path / "study", folder)
    assert again.returncode == 1 and "it is already in the project" in again.stderr


def test_what_is_left_out_is_reported(tmp_path: Path) -> None:
    write_result(tmp_path / "out", "detected", method=DetectorMethod(), outputs=None)
    write_result(tmp_path / "out", "gone")
    moved = (tmp_path / "gone.nii.gz").rename(tmp_path / "elsewhere.nii.gz")
    done = imported(tmp_path / "study", tmp_path / "out")
    assert done.returncode == 1 and "0 of 2 scans added" in done.stdout
    assert "left out: detected: " in done.stderr and "found none" in done.stderr
    assert "left out: gone: " in done.stderr and "--scan PATH" in done.stderr
    done = imported(tmp_path / "study", tmp_path / "out" / "gone", "--scan", moved)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("option", ["--subject", "--scan"])
def test_options_of_the_other_kind_of_data(tmp_path: Path, option: str) -> None:
    data = write_result(tmp_path / "out") if option == "--subject" else tmp_path
    done = imported(tmp_path / "study", data, option, "049")
    assert done.returncode == 2 and f"{option}: expected" in done.stderr
