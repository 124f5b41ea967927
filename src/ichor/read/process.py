"""A process that reads for this one: how it is started, how it is ended, and the pipes to it and from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
from contextlib import suppress
from pathlib import Path

from ichor.errors import IchorError
from ichor.read import temporary, wire

PIPE_BYTES = 2**20


class ReadingProcess:
    """A process that runs `ichor.read.worker`; it ends when this one does, however that ends.

    Raises IchorError where none can be started.
    """

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "ichor.read.worker"]
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise IchorError(f"expected to start a process to read in, found {error.strerror or error}") from error
        assert self._popen.stdin is not None and self._popen.stdout is not None
        self._questions, self._answers = self._popen.stdin, self._popen.stdout
        self.read_into: wire.ReadInto = self._answers.readinto  # type: ignore[attr-defined]  # a RawIOBase
        _widen(self._answers.fileno())
        _alive.add(self)

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._popen.pid

    @property
    def ended_by(self) -> int | None:
        """The number of the signal that ended it; None where none did, or where it was not ended yet."""
        code = self._popen.returncode
        return -code if code is not None and code < 0 else None

    def ask(self, question: wire.Message) -> None:
        """Put a question. Raises OSError where nobody is there to hear it."""
        rest = json.dumps(question).encode("ascii") + b"\n"
        while rest:
            rest = rest[self._questions.write(rest) or 0 :]

    def kill(self) -> None:
        """End it now, whatever it is at; `end` is still to be called."""
        with suppress(OSError):
            self._popen.kill()

    def end(self) -> None:
        """End it now, whatever it is at, and remove what it unpacked."""
        self.kill()
        self._popen.wait()
        self._close()
        temporary.remove_of_process(self._popen.pid)

    def forget(self) -> None:
        """In a copy of this process that a fork made: let the reading process be the other one's alone."""
        self._close()
        self._popen.returncode = 0  # not this one's child, so not one to wait for

    def _close(self) -> None:
        for pipe in (self._questions, self._answers):
            with suppress(OSError):
                pipe.close()


_alive: weakref.WeakSet[ReadingProcess] = weakref.WeakSet()


def asking_folder() -> str | None:
    """Where this process's relative paths begin; None where that folder is gone."""
    try:
        return str(Path.cwd())
    except OSError:
        return None


def _environment() -> dict[str, str]:
    """What a reading process finds around it: the modules of this one, and no threads that each claim memory.

    A folder that this one merely happens to stand in may be a stranger's: no module is taken from there.
    """
    modules = os.pathsep.join(one for one in sys.path if one and one != asking_folder())
    return {**os.environ, "PYTHONPATH": modules, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _widen(pipe: int) -> None:
    """A scan passes faster through a wide pipe. Linux alone lets one be widened."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _forget_all() -> None:
    for process in list(_alive):
        process.forget()
    _alive.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
