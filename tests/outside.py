"""A package of somebody else's, installed beside Ichor: found by its entry points."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def install(folder: Path, module: str, text: str, group: str, entry: str) -> Path:
    """A module as pip would install it into `folder`, which is returned, with a line in an entry-point group."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(text)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")
    return folder


def environment(installed: Path) -> dict[str, str]:
    """That of a process which has what is installed there."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])}


def ichor(installed: Path, *words: object, expected: int = 0) -> str:
    """What `ichor` says, as a process that has what is installed there; it ends with the expected code."""
    command = [sys.executable, "-m", "ichor", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(installed))
    assert done.returncode == expected, done.stderr
    return done.stdout + done.stderr
