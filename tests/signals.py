"""Signals to other processes, and waiting for what becomes of these."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import psutil
import pytest

HANG_S = 180
NO_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no other system has it")


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + HANG_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def stop(process: psutil.Process) -> None:
    """As Ctrl-Z does."""
    process.suspend()
    until(lambda: process.status() == psutil.STATUS_STOPPED)


def has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more; where nobody has asked what became of it, it is still listed."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
