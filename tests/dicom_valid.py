"""Whether DICOM objects are valid, by David Clunie's dciodvfy and dcentvfy (Debian's dicom3tools)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest


def errors(path: Path) -> list[str]:
    """What dciodvfy finds wrong with one object."""
    return _errors(["dciodvfy", str(path)])


def errors_between(paths: Sequence[Path]) -> list[str]:
    """Where dcentvfy finds objects of one patient, study or series at odds."""
    return _errors(["dcentvfy", *map(str, paths)])


def _errors(command: list[str]) -> list[str]:
    if shutil.which(command[0]) is None:
        pytest.fail(f"expected {command[0]} on the path, found none: on Debian, apt-get install dicom3tools")
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Abort"))]
