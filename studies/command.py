"""The entry point of the studies. As with the command `ichor`, bad input is reported in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ichor.errors import IchorError

ROOT = Path(__file__).resolve().parents[1]  # of the checkout


def run(study: str, main: Callable[[], None]) -> None:
    """Call `main`. If its input is bad or a command that it runs fails, print one line to stderr and exit with 2."""
    try:
        main()
    except (IchorError, subprocess.CalledProcessError) as error:
        print(f"{study}: {error}", file=sys.stderr)
        sys.exit(2)
