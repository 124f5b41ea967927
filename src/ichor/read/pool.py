"""Idle reading processes: each is reused for the next request, and ended if none comes."""

from __future__ import annotations

import atexit
import os
import threading
import time

from ichor.read.process import ReadingProcess

MAX_IDLE = os.cpu_count() or 1
IDLE_S = 180.0  # longer than a user pauses between two scans; idle processes keep their memory


class Pool:
    """Idle reading processes, for any thread; `idle_s` is how long one stays idle before it is ended.

    A process that is in use is not in the pool, and only its user ends it.
    """

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self.forget()

    def prepare(self) -> None:
        """Start a process for the next request, if none is idle."""
        with self._lock:
            if not self._idle:
                self._keep(ReadingProcess())

    def take(self) -> ReadingProcess:
        """The process that was returned last, or a new one. Raises IchorError if none can be started."""
        with self._lock:
            if self._idle:
                process, _ = self._idle.pop()
                return process
        return ReadingProcess()

    def give_back(self, process: ReadingProcess) -> None:
        """Keep a process for the next request, unless there are enough already."""
        with self._lock:
            if len(self._idle) < MAX_IDLE:
                self._keep(process)
                return
        process.end()

    def end_idle(self) -> None:
        """End all idle processes."""
        with self._lock:
            while self._idle:
                process, _ = self._idle.pop()
                process.end()

    def _keep(self, process: ReadingProcess) -> None:
        self._idle.append((process, time.monotonic()))
        if not self._is_watched:
            self._watch(self._idle_s)

    def _watch(self, seconds: float) -> None:
        """Check for processes that were idle too long after `seconds`, in a single background thread."""
        self._is_watched = True
        timer = threading.Timer(seconds, self._end_those_unused)
        timer.daemon = True
        timer.start()

    def _end_those_unused(self) -> None:
        with self._lock:
            now = time.monotonic()
            unused = [process for process, since in self._idle if now - since >= self._idle_s]
            del self._idle[: len(unused)]  # oldest first
            self._is_watched = False
            if self._idle:
                _, since = self._idle[0]
                self._watch(since + self._idle_s - now)
        for process in unused:
            process.end()

    def forget(self) -> None:
        """Start empty: at first, and in the child after a fork."""
        self._lock = threading.Lock()
        self._idle: list[tuple[ReadingProcess, float]] = []
        self._is_watched = False


SHARED = Pool()
atexit.register(SHARED.end_idle)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SHARED.forget)
