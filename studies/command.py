"""How a study starts: bad input ends it in one line, as it does the command `ichor`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ichor.errors import IchorError

ROOT = Path(__file__).resolve().parents[1]  # of the checkout


def run(study: str, main: Callable[[], None]) -> None:
    """Call `main`. Exit code 2 and one line on stderr where its input is bad, or where a command that it runs fails."""
    try:
        main()
    except (IchorError, subprocess.CalledProcessError) as error:
        print(f"{study}: {error}", file=sys.stderr)
        sys.exit(2)
