"""`ichor screen` ended from outside, at a moment that the tests know: nothing is left behind, nothing done is lost."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from screen_command import SIGNS, command
from synthetic_scans import write_synthetic_nifti

pytestmark = pytest.mark.long

SMALL = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}
HANG_S = 120
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with scans as zips, two that are soon done before and after one at which the method waits for ever."""
    (tmp_path / "in").mkdir()
    for name in ("a", "wait", "z"):
        zipped(tmp_path, name)
    for name in ("60", "temporary", "signs"):
        (tmp_path / name).mkdir()
    (tmp_path / "60" / "config.yaml").write_text("60")
    return tmp_path


def zipped(place: Path, name: str) -> None:
    made = write_synthetic_nifti(place / f"{name}.nii.gz", **SMALL)
    with zipfile.ZipFile(place / "in" / f"{name}.zip", "w") as archive:
        archive.write(made, made.name)


@contextmanager
def screening(place: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The command, and the number of the process that is at work on the scan that never ends."""
    environment = {**os.environ, SIGNS: str(place / "signs"), "TMPDIR": str(place / "temporary")}
    words = ("screen", str(place / "in"), "--model", str(place / "60"), "--out", str(place / "out"), *words)
    with subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process, wait_for(place, process)
        finally:
            process.kill()


def wait_for(place: Path, process: subprocess.Popen[str]) -> int:
    """Wait until a process says that it is at work on the scan that never ends; its number."""
    sign = place / "signs" / "waits-wait"
    until = time.monotonic() + HANG_S
    while not (sign.exists() and sign.read_text()):
        assert process.poll() is None and time.monotonic() < until, process.communicate(timeout=HANG_S)
        time.sleep(0.01)
    worker = int(sign.read_text())
    sign.unlink()
    return worker


def left(place: Path) -> set[str]:
    """What lies in the folder for results, and in the one for temporary files."""
    return {one.name for folder in ("out", "temporary") for one in (place / folder).iterdir()}


def statuses(place: Path) -> dict[str, str]:
    with (place / "out" / "summary.csv").open(newline="") as file:
        return {row["scan"]: row["status"] for row in csv.DictReader(file)}


@pytest.mark.parametrize(("number", "workers"), [*((number, "1") for number in CODES), (signal.SIGTERM, "2")])
def test_signals_end_the_batch(place: Path, number: int, workers: str) -> None:
    with screening(place, "--workers", workers) as (process, _):
        assert process.stderr is not None
        if workers == "2":  # the other one goes on to the end
            assert any("] z: " in line for line in iter(process.stderr.readline, ""))
        process.send_signal(number)
        said, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == CODES[number]
    assert said == "" and "Traceback" not in errors
    done = {"a"} if workers == "1" else {"a", "z"}
    assert errors.splitlines()[-1] == f"ichor: interrupted with {3 - len(done)} of 3 scans left; run again to continue"
    assert left(place) == {*done, "summary.csv"}
    assert set(statuses(place)) == done


def test_ctrl_c_finishes_the_current_scan(place: Path) -> None:
    with screening(place, "--workers", "2") as (process, _):
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        lines = iter(process.stderr.readline, "")
        assert any("under way; Ctrl-C again ends at once" in line for line in lines)
        (place / "signs" / "go").touch()
        _, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    done = statuses(place)
    assert done["wait"] == "done" and left(place) == {*done, "summary.csv"}
    assert f"interrupted with {3 - len(done)} of 3 scans left" in errors.splitlines()[-1]


def test_ctrl_c_twice_ends_at_once(place: Path) -> None:
    with screening(place, "--workers", "2") as (process, _):
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        lines = iter(process.stderr.readline, "")
        assert any("under way; Ctrl-C again ends at once" in line for line in lines)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    assert "Traceback" not in errors and "interrupted with" in errors.splitlines()[-1]
    assert left(place) <= {"a", "z", "summary.csv"}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_if_killed_it_leaves_no_process_and_the_next_one_cleans_up(place: Path, workers: str) -> None:
    with screening(place, "--workers", workers) as (process, _):
        process.kill()
        process.communicate(timeout=HANG_S)  # the output of its workers ends with them
    (place / "in" / "wait.zip").unlink()
    zipped(place, "b")
    words = ("screen", place / "in", "--model", place / "60", "--out", place / "out", "--workers", workers)
    again = subprocess.run(
        command(*words),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(place / "temporary")},
    )
    assert again.returncode == 0, again.stderr
    assert left(place) == {"a", "b", "z", "summary.csv"}
    assert set(statuses(place)) == {"a", "b", "z"}


def test_a_worker_that_is_killed_costs_its_scan_after_a_second_try(place: Path) -> None:
    with screening(place, "--workers", "2") as (process, worker):
        os.kill(worker, signal.SIGKILL)
        os.kill(wait_for(place, process), signal.SIGKILL)
        said, errors = process.communicate(timeout=HANG_S)
    assert process.returncode == 1 and "2 of 3 scans screened" in said
    assert errors.splitlines()[-1].endswith("its worker process died, perhaps out of memory: try fewer --workers")
    assert left(place) == {"a", "z", "summary.csv"}
    assert statuses(place) == {"a": "done", "wait": "failed", "z": "done"}
