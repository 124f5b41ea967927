"""`ichor screen --operating-point` with a tiny model package that has operating points, and one that has none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ichor.cli import app
from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.unet_slices.settings import Parameters
from synthetic_reports import text_of
from synthetic_scans import write_synthetic_nifti
from untrained_package import untrained_method, write_package

POINTS = {"triage": 0.0, "balanced": 0.03, "specific": 1.0}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that marks all of a scan at triage and nothing at specific."""
    method = untrained_method()
    method.parameters = Parameters(
        threshold=0.03,
        head_mm=180,
        calibration=Calibrations(subtype=Calibration(slope=0.5, intercept=-1)),
        operating_point="balanced",
        operating_points=POINTS,
    )
    folder = tmp_path_factory.mktemp("model") / "package"
    method.save(folder)
    return folder


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_synthetic_nifti(tmp_path / "head.nii.gz", n=6, size=64, pixel_mm=(3.2, 3.2), distances_mm=20.0)


def screened(scan: Path, package: Path, *more: str) -> Result:
    return CliRunner().invoke(
        app, ["screen", str(scan), "--model", str(package), "--out", str(scan.parent / "out"), *more]
    )


def found(scan: Path) -> dict:
    return json.loads((scan.parent / "out/head/findings.json").read_text())


def test_an_operating_point_is_picked_named_and_another_threshold(scan: Path, package: Path) -> None:
    words = [sys.executable, "-m", "ichor", "screen", scan, "--model", package, "--out", scan.parent / "out"]
    done = subprocess.run(
        [*map(str, words), "--operating-point", "triage"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    triage = found(scan)
    assert (triage["method"]["operating_point"], triage["method"]["threshold"]) == ("triage", 0)
    assert triage["hemorrhage"]["volume_px"] == 6 * 64 * 64
    made = text_of(scan.parent / "out/head/report.html").split("How this was made")[1]
    assert "slices with a voxel of probability 0 or above are marked, at the operating point triage" in made

    assert screened(scan, package).exit_code == 0  # its own is another one
    balanced = found(scan)
    assert (balanced["method"]["operating_point"], balanced["method"]["threshold"]) == ("balanced", 0.03)
    assert 0 < balanced["hemorrhage"]["volume_px"] < 6 * 64 * 64
    result = scan.parent / "out/head/findings.json"
    written = result.stat().st_mtime_ns
    assert screened(scan, package, "--operating-point", "balanced").exit_code == 0
    assert result.stat().st_mtime_ns == written  # the same: not done again
    assert screened(scan, package, "--operating-point", "specific").exit_code == 0
    assert found(scan)["hemorrhage"]["volume_px"] == 0


def test_a_missing_operating_point_is_reported_in_one_line_with_exit_code_2(
    scan: Path, package: Path, tmp_path: Path
) -> None:
    without = write_package(tmp_path / "without")
    for model, expected in (
        (package, "one of the operating points triage, balanced, specific, found keen"),
        (without, "a model with operating points, found one without"),
    ):
        words = [sys.executable, "-m", "ichor", "screen", scan, "--model", model, "--out", tmp_path / "out"]
        done = subprocess.run(
            [*map(str, words), "--operating-point", "keen"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr == f"ichor: {model}: expected {expected}\n"
        assert not (tmp_path / "out").exists()


def test_a_model_without_operating_points_has_none_in_the_findings(scan: Path, tmp_path: Path) -> None:
    assert screened(scan, write_package(tmp_path / "without")).exit_code == 0
    assert found(scan)["method"]["operating_point"] is None
    assert "operating point" not in text_of(scan.parent / "out/head/report.html")
