"""How campaigns keep what they found: found.json, a page made of it, and an exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ichor.atomic import write_whole


def write_found(out: Path, found: Mapping[str, Any], page: str) -> None:
    """Write found.json and README.md."""
    write_whole(out / "found.json", json.dumps(found, indent=1) + "\n")
    write_whole(out / "README.md", page)


def conclude(page: str, faults: Sequence[str | Mapping[str, Any]]) -> int:
    """Print the page, and each fault to stderr; the exit status, 1 if there are any."""
    print(page)
    for fault in faults:
        print(fault if isinstance(fault, str) else json.dumps(fault), file=sys.stderr)
    return 1 if faults else 0
