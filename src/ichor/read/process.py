"""The reading process: starting it, ending it, and the pipes to and from it."""

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
    """A process that runs `ichor.read.worker`; it ends when its parent does, for whatever reason.

    Raises IchorError if it cannot be started.
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
            raise IchorError(f"expected to start a reading process, found {error.strerror or error}") from error
        assert self._popen.stdin is not None and self._popen.stdout is not None
        self._requests, self._replies = self._popen.stdin, self._popen.stdout
        self.read_into: wire.ReadInto = self._replies.readinto  # type: ignore[attr-defined]  # a RawIOBase
        _widen(self._replies.fileno())
        _alive.add(self)

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._popen.pid

    @property
    def ended_by(self) -> int | None:
        """The number of the signal that ended it; None if none did, or if it is still running."""
        code = self._popen.returncode
        return -code if code is not None and code < 0 else None

    def ask(self, request: wire.Message) -> None:
        """Send a request. Raises OSError if the process has ended."""
        rest = json.dumps(request).encode("ascii") + b"\n"
        while rest:
            rest = rest[self._requests.write(rest) or 0 :]

    def kill(self) -> None:
        """Kill it now, whatever it is doing; `end` has to be called afterwards."""
        with suppress(OSError):
            self._popen.kill()

    def end(self) -> None:
        """End it now, whatever it is doing, and remove the files that it unpacked."""
        self.kill()
        self._popen.wait()
        self._close()
        temporary.remove_of_process(self._popen.pid)

    def forget(self) -> None:
        """After a fork, in the child: leave the reading process to the parent."""
        self._close()
        self._popen.returncode = 0  # not a child of this process, so it cannot be waited for

    def _close(self) -> None:
        for pipe in (self._requests, self._replies):
            with suppress(OSError):
                pipe.close()


_alive: weakref.WeakSet[ReadingProcess] = weakref.WeakSet()


def working_folder() -> str | None:
    """The folder that relative paths refer to; None if it no longer exists."""
    try:
        return str(Path.cwd())
    except OSError:
        return None


def _environment() -> dict[str, str]:
    """The environment of a reading process: the same module path, and single-threaded numeric libraries to save memory.

    The current folder is excluded from the module path, since it may be untrusted.
    """
    modules = os.pathsep.join(one for one in sys.path if one and one != working_folder())
    return {**os.environ, "PYTHONPATH": modules, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _widen(pipe: int) -> None:
    """Enlarge a pipe, which speeds up the transfer of a scan. Only Linux supports this."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _forget_all() -> None:
    for process in list(_alive):
        process.forget()
    _alive.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
