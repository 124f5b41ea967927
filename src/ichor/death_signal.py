"""The signal that Linux sends a process when its parent ends. It reaches a process that is stopped, too."""

from __future__ import annotations

import signal
import sys
from typing import Literal

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def ask_for_death_signal(name: Literal["SIGKILL", "SIGCONT"]) -> None:
    """Have Linux send this process that signal when its parent ends; on other systems nothing is done.

    Linux sends it each time a *thread* of the parent ends that this process belongs to, which is the one that started
    it and then another. So SIGKILL is only for a process that the main thread started. SIGCONT is for any: it does
    nothing to a process that runs, and lets a stopped one run on, so that it notices by itself that its parent is gone.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, ctypes.c_ulong(getattr(signal, name)))
