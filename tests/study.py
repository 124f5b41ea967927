"""A study as a process, as it is run from the root of a checkout."""

from __future__ import annotations

import sys
from subprocess import CompletedProcess, run

from paths import ROOT


def command(name: str, *words: object) -> list[str]:
    """The command line of a study, or of a module of one."""
    return [sys.executable, "-m", f"studies.{name}", *map(str, words)]


def study(name: str, *words: object, env: dict[str, str] | None = None) -> CompletedProcess[str]:
    """What the study does and says."""
    return run(command(name, *words), cwd=ROOT, capture_output=True, text=True, check=False, env=env)
