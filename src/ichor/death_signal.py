"""The signal that Linux sends to a process when its parent ends; it also reaches suspended processes."""

from __future__ import annotations

import signal
import sys
from typing import Literal

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def ask_for_death_signal(name: Literal["SIGKILL", "SIGCONT"]) -> None:
    """Have Linux send this signal to this process when its parent ends; does nothing on other systems.

    Linux sends it when the parent *thread* that started this process ends, even if the parent process continues.
    SIGKILL is therefore only for processes started by the main thread. SIGCONT is for any: it has no effect on a
    running process, and resumes a suspended one, so that it notices that its parent is gone.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, ctypes.c_ulong(getattr(signal, name)))
