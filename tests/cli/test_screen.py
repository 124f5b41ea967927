"""`ichor screen` as a user meets it: what it prints, what it leaves with, and that it never shows a traceback."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

import ichor.methods
import ichor.models
from ichor.cli import app, main
from ichor.segmentation import Task
from synthetic_scans import load_threshold_method, write_synthetic_nifti

SMALL = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model package that is a folder with a number in it, the lowest HU of blood."""
    folder = tmp_path / "60"
    folder.mkdir()
    (folder / "config.yaml").write_text("60")
    module = ModuleType("ichor.models.package")
    module.DEFAULT_MODEL = str(folder)  # type: ignore[attr-defined]
    module.find_package = Path  # type: ignore[attr-defined]
    module.operating_point_of = lambda folder, asked: asked  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ichor.models.package", module)
    monkeypatch.setattr(ichor.models, "package", module, raising=False)
    monkeypatch.setattr(ichor.methods, "load_model", load_from_folder)
    monkeypatch.setattr(ichor.methods, "task_of", lambda folder: Task.SEGMENT)
    return folder


def load_from_folder(folder: Path, *, threads: int | None = None, operating_point: str | None = None) -> object:
    return load_threshold_method(Path(folder).name, threads=threads)


def scans(folder: Path, *names: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    return [str(write_synthetic_nifti(folder / f"{name}.nii.gz", **SMALL)) for name in names]


def ichor_screen(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["screen", *arguments])


def ichor_as_process(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of the whole command, with errors shown as users see them."""
    monkeypatch.setattr(sys, "argv", ["ichor", "screen", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_one_scan_prints_the_verdict_and_the_path_of_the_report(tmp_path: Path) -> None:
    (path,) = scans(tmp_path / "in", "head")
    result = ichor_screen(path, "--out", str(tmp_path / "out"), "--probability")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("Hemorrhage suspected (probability 0.99)") and " mL on " in lines[0]
    assert lines[1] == f"Report: {tmp_path / 'out' / 'head' / 'report.html'}"
    assert lines[2] == f"To view it: ichor view {tmp_path / 'out' / 'head'}"
    assert lines[3] == "Research use only; not a medical device."
    assert (tmp_path / "out" / "head" / "probability.nii.gz").exists()
    assert (tmp_path / "out" / "summary.csv").exists()


@pytest.mark.parametrize(
    ("started", "on_path", "printed"),
    [
        (".venv/bin/ichor", None, ".venv/bin/ichor"),
        ("/opt/bin/ichor", "/opt/bin/ichor", "ichor"),
        ("/opt/bin/ichor", "/usr/bin/ichor", "/opt/bin/ichor"),
        ("/opt/ichor/__main__.py", "/opt/bin/ichor", f"{sys.executable} -m ichor"),
    ],
    ids=["by path", "on PATH", "hidden by another on PATH", "as a module"],
)
def test_the_view_command_is_printed_as_ichor_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: str, on_path: str | None, printed: str
) -> None:
    (path,) = scans(tmp_path / "in", "head")
    monkeypatch.setattr(sys, "argv", [started])
    monkeypatch.setattr(shutil, "which", lambda _: on_path)
    result = ichor_screen(path, "--out", str(tmp_path / "out"))
    assert f"To view it: {printed} view {tmp_path / 'out' / 'head'}" in result.stdout.splitlines()


def test_a_scan_without_hemorrhage_is_reported(tmp_path: Path) -> None:
    path = write_synthetic_nifti(tmp_path / "head.nii.gz", blood_at_mm=None, **SMALL)
    result = ichor_screen(str(path), "--out", str(tmp_path / "out"))
    assert result.stdout.startswith("No hemorrhage found (probability 0.03)")


def test_a_batch_continues_lists_its_failures_and_exits_with_1(tmp_path: Path) -> None:
    scans(tmp_path / "in", "a", "b")
    (tmp_path / "in" / "broken.nii.gz").write_bytes(b"no nifti")
    result = ichor_screen(str(tmp_path / "in"), "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "2 of 3 scans screened, hemorrhage suspected in 2" in result.stdout
    assert "[1/3] a: hemorrhage suspected" in result.stderr
    (failure,) = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    assert "broken.nii.gz: expected" in failure and "found" in failure
    assert "] broken: failed\n" in result.stderr and result.stderr.count("expected") == 1
    again = ichor_screen(str(tmp_path / "in"), "--out", str(tmp_path / "out"))
    assert again.exit_code == 1
    assert "2 of 3 scans screened (2 of them before)" in again.stdout


def test_a_batch_without_failures_exits_with_0(tmp_path: Path) -> None:
    scans(tmp_path / "in", "a", "b")
    (tmp_path / "list.txt").write_text("in/a.nii.gz\nin/b.nii.gz\n")
    result = ichor_screen(str(tmp_path / "list.txt"), "--out", str(tmp_path / "out"), "--threads", "2")
    assert result.exit_code == 0, result.output
    assert f"all in {tmp_path / 'out' / 'summary.csv'}" in result.stdout


@pytest.mark.parametrize("name", ["missing", "broken.nii.gz", "empty"])
def test_one_unreadable_scan_is_reported_in_one_line_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "broken.nii.gz").write_bytes(b"no nifti")
    (tmp_path / "empty").mkdir()
    assert ichor_as_process(monkeypatch, str(tmp_path / name), "--out", str(tmp_path / "out")) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith(f"ichor: {tmp_path / name}: expected") and "found" in line
    assert not (tmp_path / "out" / name).exists()


def test_an_unexpected_error_shows_no_traceback_unless_requested(tmp_path: Path) -> None:
    (path,) = scans(tmp_path / "in", "crash")
    result = ichor_screen(path, "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "Traceback" not in result.output and "DOE" not in result.output
    assert "an internal error of Ichor (RuntimeError)" in result.stderr
    asked = ichor_screen(path, "--out", str(tmp_path / "out"), "--debug")
    assert "Traceback" in asked.stderr and "RuntimeError: DOE^JANE" in asked.stderr


def test_an_interruption_keeps_finished_results_and_is_reported(tmp_path: Path) -> None:
    paths = scans(tmp_path / "in", "a", "interrupt", "z")
    result = ichor_screen(*paths, "--out", str(tmp_path / "out"))
    assert result.exit_code == 130
    assert "interrupted with 2 of 3 scans left; run again to continue" in result.stderr
    assert {one.name for one in (tmp_path / "out").iterdir()} == {"a", "summary.csv"}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["x"],
        ["x", "--out", "OUT", "--workers", "0"],
        ["x", "--out", "OUT", "--threads", "many"],
        ["x", "--out", "OUT", "--pixel-mm", "-1"],
        ["x", "--out", "OUT", "--window", "wide"],
        ["x", "--out", "OUT", "--unknown"],
    ],
)
def test_wrong_usage_exits_with_2_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    arguments = [str(tmp_path / "out") if one == "OUT" else one for one in wrong]
    assert ichor_as_process(monkeypatch, *arguments) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_out_that_is_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = scans(tmp_path / "in", "head")
    (tmp_path / "out").write_text("taken")
    assert ichor_as_process(monkeypatch, path, "--out", str(tmp_path / "out")) == 2
    assert capsys.readouterr().err == f"ichor: {tmp_path / 'out'}: expected a folder to write to, found a file\n"


def test_workers_share_the_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def load(folder: Path, *, threads: int, operating_point: str | None) -> object:
        given.append(threads)
        return load_from_folder(folder)

    monkeypatch.setattr(ichor.methods, "load_model", load)
    (path,) = scans(tmp_path / "in", "head")
    ichor_screen(path, "--out", str(tmp_path / "out"), "--workers", "4", "--threads", "3")
    ichor_screen(path, "--out", str(tmp_path / "out"), "--force")
    assert given == [3, os.cpu_count()]
