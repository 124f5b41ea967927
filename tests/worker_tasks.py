"""Work for worker processes, in a module that they can import whatever pytest calls that of a test."""

from __future__ import annotations

import numpy as np

from ichor.errors import IchorError


def alone_in_memory(size: int) -> int:
    return int(np.ones(size, np.uint8).sum())


def refused(line: str) -> None:
    raise IchorError(line)


def quoted() -> None:
    raise KeyError("DOE^JANE 1961-01-01")
