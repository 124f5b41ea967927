"""Processes for heavy work, so that it can be stopped if it takes too long or too much memory (POSIX only: Windows has
no such limit, and macOS does not enforce it), and when the server ends.

A calculation in a thread could be neither stopped nor limited.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import ParamSpec, TypeVar, cast

from ichor.errors import IchorError
from ichor.processes import start_helper

P = ParamSpec("P")
T = TypeVar("T")

GIGABYTE = 2**30


class TooHeavy(IchorError):
    """Work was aborted because it exceeded its limit on time or memory."""


class Stopped(IchorError):
    """Work was aborted because the server is ending."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for one piece of work: `seconds` of time and `bytes` of address space; None for no limit."""

    seconds: float | None
    bytes: int | None


# For the page's requests. Hand-drawn regions take far less time; the libraries alone need much address space.
OF_A_REQUEST = Limits(seconds=60, bytes=2 * GIGABYTE)
# For work whose size depends on the project's own scans.
OF_THE_MACHINE = Limits(seconds=None, bytes=None)


class Workers:
    """Processes with these limits, each started when it is first needed and then kept. Usable from any thread."""

    def __init__(self, count: int, limits: Limits) -> None:
        self._limits = limits
        self._closed = threading.Event()
        self._all = [_Worker(limits) for _ in range(count)]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for one in self._all:
            self._idle.put(one)

    def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """The result of `work`, a module-level function, for picklable arguments; waits for a free process.

        Raises what `work` raises, TooHeavy if it exceeds the limits, and Stopped if the workers were closed.
        """
        worker = self._idle.get()
        try:
            return cast(T, worker.run((work, arguments, named), self._closed))
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """Abort all work immediately; its callers get Stopped."""
        self._closed.set()
        for one in self._all:
            one.kill()


class _Worker:
    """One process at the other end of a pipe; it is replaced after it was killed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._mutex = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def run(self, call: tuple[object, ...], closed: threading.Event) -> object:
        try:
            pipe = self._started(closed)
            pipe.send(call)
            if not pipe.poll(self._limits.seconds):
                raise TooHeavy(f"expected work of at most {self._limits.seconds} s, found more: it was aborted")
            succeeded, answer = pipe.recv()
        except (OSError, EOFError) as error:
            self.kill()
            if closed.is_set():
                raise Stopped("the server is ending") from error
            raise TooHeavy("the process that did the work ended; perhaps it needed too much memory") from error
        except BaseException:
            self.kill()
            raise
        if not succeeded:
            raise answer
        return answer

    def kill(self) -> None:
        with self._mutex:
            if self._process is not None:
                self._process.kill()
                self._process.join()
            self._process = None

    def _started(self, closed: threading.Event) -> Connection:
        with self._mutex:
            if closed.is_set():
                raise EOFError
            if self._process is None or self._pipe is None or not self._process.is_alive():
                self._pipe, theirs = Pipe()
                self._process = start_helper(_serve, theirs, self._limits, name="ichor-annotate-worker")
                theirs.close()
            return self._pipe


def _serve(pipe: Connection, limits: Limits) -> None:
    """Do the work that comes through the pipe, one item at a time, until its other end is closed."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole process group, but the server decides what to do
    _limit_memory(limits.bytes)
    with suppress(EOFError, OSError):
        while True:
            work, arguments, named = pipe.recv()
            pipe.send(_outcome(work, arguments, named))


def _outcome(
    work: Callable[..., object], arguments: tuple[object, ...], named: dict[str, object]
) -> tuple[bool, object]:
    try:
        return True, work(*arguments, **named)
    except MemoryError:
        return False, TooHeavy("expected work within its memory limit, found that it needs more")
    except (IchorError, ValueError) as error:
        return False, error
    except Exception as error:
        # Its message may quote patient data.
        return False, RuntimeError(f"{type(error).__name__} in a worker")


def _limit_memory(most: int | None) -> None:
    if most is None:
        return
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(ValueError, OSError):  # a lower limit is already set
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
