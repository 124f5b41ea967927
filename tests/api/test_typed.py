"""The Python API is typed: mypy knows the type of each name, and finds what is wrong; none of them is Any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from paths import DEMO

pytestmark = pytest.mark.long

PROGRAM = Path(__file__).parent / "typed.py"
STRICT = ("--strict", "--disallow-any-expr", "--no-error-summary", "--hide-error-context")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def mypy(program: Path, cache: Path) -> str:
    command = [sys.executable, "-m", "mypy", *STRICT, "--config-file=", f"--cache-dir={cache}", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=program.parent)
    assert done.returncode in (0, 1), done.stderr  # what it found, and no crash of its own
    return done.stdout


def test_a_program_that_uses_it_is_typed_without_any(cache: Path) -> None:
    said = [line for line in mypy(PROGRAM, cache).splitlines() if line.startswith(PROGRAM.name)]
    assert said == []


def test_faults_in_the_database_are_found(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(
        "import ichor\n"
        "ichor.screen(1)\n"
        "ichor.Screener(operating_point=2)\n"
        'ichor.open_scan("x").no_such\n'
        "ichor.no_such\n"
        'ichor.screen("x").mask.sum()\n'
    )
    said = [line for line in mypy(tmp_path / "wrong.py", cache).splitlines() if line.startswith("wrong.py")]
    assert sorted({int(line.split(":")[1]) for line in said}) == [2, 3, 4, 5, 6]


def test_it_runs_as_it_is_typed(tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(DEMO), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 1
