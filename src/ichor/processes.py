"""Processes that help this one, and end when it ends, however that is: of its own, by Ctrl-C or by `kill -9`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.context import SpawnProcess
from typing import Any

from ichor.death_signal import ask_for_death_signal

KILLED = 128 + 9  # what a shell says of a process that was killed


def start_helper(
    run: Callable[..., object], *arguments: Any, name: str, grace_s: float = 0, has_helpers: bool = False
) -> SpawnProcess:
    """Start `run(*arguments)`, both picklable, in a fresh process that does not outlive this one.

    However this process ends, the new one is killed at once; with a grace it is first asked to end by SIGTERM and has
    that long to clean up. A thread in it waits for the end of this process, on every system. Where there is no grace
    and the main thread starts it, Linux kills it as well, which works even in the midst of code that lets no thread
    run; any other that is stopped then is let run on by Linux, so that its thread can. Ctrl-C, which reaches every
    process of a terminal, is for this one to heed: the new one ignores it.

    A process that `has_helpers` may start some of its own, and Python waits for it when this process comes to its
    end: whoever started it tells it to end. Any other is ended then.
    """
    may_be_killed = not grace_s and threading.current_thread() is threading.main_thread()
    process = get_context("spawn").Process(
        target=_run, args=(run, arguments, grace_s, may_be_killed), name=name, daemon=not has_helpers
    )
    with _ctrl_c_held_back():
        process.start()
    return process


def _run(run: Callable[..., object], arguments: tuple[Any, ...], grace_s: float, may_be_killed: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = parent_process()
    assert parent is not None, "expected a process that another one started"
    if sys.platform.startswith("linux"):
        ask_for_death_signal("SIGKILL" if may_be_killed else "SIGCONT")
        if os.getppid() != parent.pid:  # it ended before Linux was asked
            os._exit(KILLED)
    threading.Thread(target=_end_after, args=(parent.join, grace_s), name="end-with-parent", daemon=True).start()
    run(*arguments)


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """A block whose new processes do not hear Ctrl-C before they ignore it; this one hears it when the block ends."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # which a first process starts, and which ends what is held back
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_after(wait: Callable[[], None], grace_s: float) -> None:
    """End this process when `wait` returns; nothing is left to say to anyone, so no exit handler runs."""
    wait()
    if grace_s:
        os.kill(os.getpid(), signal.SIGTERM)  # to the process, so that the main thread hears it
        time.sleep(grace_s)
    os._exit(KILLED)
