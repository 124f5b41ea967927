"""A package of somebody else, as pip would install it: one module with a method, found by its entry point."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def install_method(folder: Path, name: str, where: str, source: str) -> Path:
    """Install `source` as the module of the method `name`, at `where` as "module:Class"; a folder for PYTHONPATH."""
    module = where.partition(":")[0]
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ichor.methods]\n{name} = {where}\n")
    return folder


def ichor(installed: Path, *words: object, expected: int = 0) -> str:
    """What the command says, run with that folder on PYTHONPATH."""
    done = subprocess.run(
        [sys.executable, "-m", "ichor", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])},
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr
