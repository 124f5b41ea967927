"""Whether DICOM objects are valid, by David Clunie's dciodvfy and dcentvfy (Debian's dicom3tools).

A test that asks is marked `dciodvfy`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path


def errors(path: Path) -> list[str]:
    """What dciodvfy finds wrong with one object."""
    return _errors(["dciodvfy", str(path)])


def errors_between(paths: Sequence[Path]) -> list[str]:
    """Where dcentvfy finds objects of one patient, study or series at odds."""
    return _errors(["dcentvfy", *map(str, paths)])


def _errors(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Abort"))]
