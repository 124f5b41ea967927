"""The reading processes that wait for a question: each is kept for the next one, and ended when none comes."""

from __future__ import annotations

import atexit
import os
import threading
import time

from ichor.read.process import ReadingProcess

MOST_IDLE = os.cpu_count() or 1
IDLE_S = 180.0  # longer than a person pauses between two scans; what waits keeps its memory


class Pool:
    """Reading processes without a question, for any thread; `idle_s` is how long one waits before it is ended.

    A process that was taken is no longer in the pool: only whoever took it ends it.
    """

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self.forget()

    def prepare(self) -> None:
        """Have a process ready for the next question: it starts while this one does something else."""
        with self._lock:
            if not self._idle:
                self._keep(ReadingProcess())

    def take(self) -> ReadingProcess:
        """A process to ask: the one that came back last, or a new one. Raises IchorError where none can be started."""
        with self._lock:
            if self._idle:
                process, _ = self._idle.pop()
                return process
        return ReadingProcess()

    def give_back(self, process: ReadingProcess) -> None:
        """Keep a process for the next question, if there are not enough already."""
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._keep(process)
                return
        process.end()

    def end_idle(self) -> None:
        """End those processes that wait for another question."""
        with self._lock:
            while self._idle:
                process, _ = self._idle.pop()
                process.end()

    def _keep(self, process: ReadingProcess) -> None:
        self._idle.append((process, time.monotonic()))
        if not self._is_watched:
            self._watch(self._idle_s)

    def _watch(self, seconds: float) -> None:
        """Look then for those that have waited too long. One thread at most waits for that."""
        self._is_watched = True
        timer = threading.Timer(seconds, self._end_those_unused)
        timer.daemon = True
        timer.start()

    def _end_those_unused(self) -> None:
        with self._lock:
            now = time.monotonic()
            unused = [process for process, since in self._idle if now - since >= self._idle_s]
            del self._idle[: len(unused)]  # the one that came back first is first
            self._is_watched = False
            if self._idle:
                _, since = self._idle[0]
                self._watch(since + self._idle_s - now)
        for process in unused:
            process.end()

    def forget(self) -> None:
        """Begin with none: at first, and in a copy of this process that a fork made, where no other thread is."""
        self._lock = threading.Lock()
        self._idle: list[tuple[ReadingProcess, float]] = []
        self._is_watched = False


SHARED = Pool()
atexit.register(SHARED.end_idle)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SHARED.forget)
