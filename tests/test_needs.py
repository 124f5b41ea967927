"""What is skipped where something is not installed, how it is told, and that nothing is where nothing may be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
MADE = """
import shutil
import pytest

@pytest.fixture(scope="module")
def chromium():
    return shutil.which("chromium")

@pytest.mark.parametrize("n", range(3))
def test_by_fixture(chromium, n):
    assert chromium

@pytest.mark.dciodvfy
def test_by_marker():
    assert shutil.which("dciodvfy")

@pytest.mark.skip(reason="of another reason")
def test_of_its_own():
    pass

def test_a_test_without_requirements():
    pass
"""
MODULE = 'import pytest\npytest.importorskip("no_such_module", reason="no such module")\n'


def run(folder: Path, *words: str, path: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest on made tests, on a machine whose search path is `path`."""
    (folder / "test_made.py").write_text(MADE)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "ICHOR_"))}
    plugins = ("-p", "needs", "-p", "xdist", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *plugins, "-rfE", "--strict-markers"]
    return subprocess.run(
        [*command, *words, str(folder)],
        cwd=folder,
        env={**own, "PYTHONPATH": str(HERE), "PATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["alone", "two workers"])
@pytest.mark.long
def test_skipped_tests_are_reported_in_one_line_for_each_missing_requirement(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "test_module.py").write_text(MODULE)
    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 6 skipped" in done.stdout
    assert [line for line in done.stdout.splitlines() if "skipped: " in line] == [
        "1 test was skipped: no such module",
        "1 test was skipped: of another reason",
        "3 tests were skipped: they need Chromium (apt-get install chromium)",
        "1 test was skipped: they need dciodvfy (apt-get install dicom3tools)",
    ]
    assert "SKIPPED" not in done.stdout


def test_what_is_there_is_not_skipped(tmp_path: Path) -> None:
    for name in ("chromium", "dciodvfy"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert "5 passed, 1 skipped" in run(tmp_path, path=str(tmp_path)).stdout


def test_a_fixture_is_a_marker_too(tmp_path: Path) -> None:
    assert "3 deselected" in run(tmp_path, "-m", "not chromium").stdout


def test_nothing_skipped_makes_a_failure_of_each_skip_with_its_reason(tmp_path: Path) -> None:
    done = run(tmp_path, "--nothing-skipped")
    assert done.returncode != 0
    assert "1 passed, 5 errors" in done.stdout
    for reason in ("of another reason", "they need Chromium (apt-get install chromium)"):
        assert f"expected no test to be skipped, found one that was: {reason}" in done.stdout


def test_a_module_that_is_skipped_whole_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "test_module.py").write_text(MODULE)
    done = run(tmp_path, "--nothing-skipped")
    assert done.returncode != 0
    assert "expected no test to be skipped, found one that was: no such module" in done.stdout


def test_a_missing_dataset_is_reported_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path, ICHOR_CT_ICH=str(tmp_path / "nowhere"))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"ICHOR_CT_ICH: expected the folder that holds Patients_CT, found {tmp_path / 'nowhere'}" in done.stderr
    assert "Traceback" not in done.stderr
