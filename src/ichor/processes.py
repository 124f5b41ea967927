"""Helper processes that end when this process ends, for whatever reason: normally, by Ctrl-C or by `kill -9`."""

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

KILLED = 128 + 9  # the exit code that a shell reports for a killed process


def start_helper(
    run: Callable[..., object], *arguments: Any, name: str, grace_s: float = 0, has_helpers: bool = False
) -> SpawnProcess:
    """Start `run(*arguments)`, both picklable, in a new process that does not outlive this one.

    When this process ends, the helper is killed at once; with a grace period it first receives SIGTERM and has that
    long to clean up. A thread in the helper waits for the end of this process, on every system. Without a grace period,
    and if started by the main thread, Linux kills it as well, even during code that lets no other thread run; any other
    helper that is suspended is resumed by Linux, so that its thread can end it. Ctrl-C reaches every process of a
    terminal, but only this one handles it: the helper ignores it.

    A helper that `has_helpers` may start its own, and Python waits for it when this process ends: its owner has to tell
    it to end. Any other is ended then.
    """
    may_be_killed = not grace_s and threading.current_thread() is threading.main_thread()
    process = get_context("spawn").Process(
        target=_run, args=(run, arguments, grace_s, may_be_killed), name=name, daemon=not has_helpers
    )
    with ctrl_c_held_back():
        process.start()
    return process


def _run(run: Callable[..., object], arguments: tuple[Any, ...], grace_s: float, may_be_killed: bool) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = parent_process()
    assert parent is not None, "expected to be started by another process"
    if sys.platform.startswith("linux"):
        ask_for_death_signal("SIGKILL" if may_be_killed else "SIGCONT")
        if os.getppid() != parent.pid:  # it ended before the signal was requested
            os._exit(KILLED)
    threading.Thread(target=_end_after, args=(parent.join, grace_s), name="end-with-parent", daemon=True).start()
    run(*arguments)


@contextmanager
def ctrl_c_held_back() -> Iterator[None]:
    """A block whose new processes do not receive Ctrl-C before they ignore it; this process gets it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it is started with the first process and would reset the signal mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_after(wait: Callable[[], None], grace_s: float) -> None:
    """End this process when `wait` returns, without exit handlers."""
    wait()
    if grace_s:
        os.kill(os.getpid(), signal.SIGTERM)  # to the process, so that the main thread handles it
        time.sleep(grace_s)
    os._exit(KILLED)
