"""Reading in another process, which hostile files may crash, fill or hold up without harm to this one.

Decoders of compressed images and of archives are large, old and written in C++: a damaged file makes them abort, loop
or ask for gigabytes. So each question (`open_scan`, `inspect`) is put to a process that does nothing but read
(`ichor.read.worker`), is held to a budget of memory and time (`ichor.read.budget`), and is replaced where it dies. It
is kept for the next question, and ends when this process does, however that ends. Threads that ask at the same time
get a process each.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ichor.errors import IchorError, UnreadableInput
from ichor.read import temporary, wire
from ichor.read.base import Inspection, ReadOptions, ScanPath
from ichor.read.budget import BASE_S
from ichor.scan import Scan

Watch = Callable[[wire.Message], None]
Received = TypeVar("Received")

MOST_IDLE = os.cpu_count() or 1
PIPE_BYTES = 2**20
MIB = 2**20
MOST_CRASHES = 1  # files that an input is read without; where a second one crashes its decoder, most of them will


class DecoderFailure(Exception):
    """What went wrong in the reading process, with the traceback there, which may quote what the file says."""


def start_reading_process() -> None:
    """Have a process ready for the next question: it starts while this one does something else."""
    with _lock:
        if not _idle:
            _idle.append(_Process())


def begin(path: Path, options: ReadOptions) -> Reading:
    """Begin to read the scan at `path` and return at once; `scan()` of what is returned waits for it."""
    return Reading(path, {"do": "read", "options": wire.options_as_json(options)})


def inspect(path: Path, options: ReadOptions) -> Inspection:
    """What is at `path`, as `ichor.read.open.inspect` describes it."""
    return Reading(path, {"do": "inspect", "options": wire.options_as_json(options)}).inspection()


def scans(path: Path, out: Path | None, series_uid: str | None) -> list[ScanPath]:
    """The scans at `path`, as `ichor.read.find.scans_here` tells them."""
    options = wire.options_as_json(ReadOptions(series_uid=series_uid))
    question = {"do": "find", "out": None if out is None else str(out), "options": options}
    return Reading(path, question).scans()


def headers(path: Path, instance_uids: list[str]) -> dict[str, bytes]:
    """Of each of these DICOM instances that is at `path`, its header, as a DICOM file without pixels."""
    question = {"do": "headers", "instance_uids": instance_uids, "options": wire.options_as_json(ReadOptions())}
    return Reading(path, question).headers()


class Reading:
    """One question under way, of which the answer is fetched once.

    `watch` is called with each message that comes before the answer: the budget, and the files that are decoded.
    What fetches the answer raises UnreadableInput where there is none.
    """

    def __init__(self, path: Path, question: wire.Message) -> None:
        self._path = path
        self._left_out: list[str] = []
        self._begun = time.monotonic()
        self._question = {
            **question,
            "path": str(path),
            "folder": _folder(),
            "temporary": tempfile.gettempdir(),
            "left_out": self._left_out,
        }
        self._process: _Process | None = _taken()
        try:
            self._process.ask(self._question)
        except OSError:
            self._ask_another()

    def _ask_another(self) -> _Process:
        """Replace a process that died after its last answer, before it could hear this question."""
        self.cancel()
        self._process = process = _Process()
        process.spent_s = time.monotonic() - self._begun
        process.ask(self._question)
        return process

    @property
    def pid(self) -> int | None:
        """The process that works on it; None once the answer is there."""
        return None if self._process is None else self._process.pid

    def scan(self, watch: Watch | None = None) -> Scan:
        """The scan that was read."""
        return self._fetch(watch, lambda process, said: wire.receive_scan(process.read_into, said["scan"]))

    def inspection(self, watch: Watch | None = None) -> Inspection:
        """What was found."""
        return self._fetch(watch, lambda _, said: wire.inspection_from_json(said["inspection"]))

    def scans(self) -> list[ScanPath]:
        """Where the scans lie."""
        return self._fetch(None, lambda _, said: wire.scans_from_json(said))

    def headers(self) -> dict[str, bytes]:
        """The headers asked for, by their instance's UID."""

        def received(process: _Process, said: wire.Message) -> dict[str, bytes]:
            lengths = said["headers"]
            return {uid: wire.receive_bytes(process.read_into, int(length)) for uid, length in lengths.items()}

        return self._fetch(None, received)

    def cancel(self) -> None:
        """Let go of a question whose answer is not wanted any more: whoever works on it ends."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _fetch(self, watch: Watch | None, receive: Callable[[_Process, wire.Message], Received]) -> Received:
        process = self._process
        assert process is not None, "each answer is fetched once"
        try:
            if not process.heard():
                process = self._ask_another()
                if not process.heard():
                    raise IchorError("expected the process that reads to start, found that it ends at once")
            received = receive(process, process.answer(self._path, watch))
        except UnreadableInput:
            self._process = None
            _give_back(process)
            raise
        except (EOFError, OSError, KeyError, wire.BrokenAnswer) as error:
            self.cancel()
            crashed_on = process.crashed_on(self._path)
            if crashed_on is None or len(self._left_out) == MOST_CRASHES:
                raise process.death(self._path) from error
            self._left_out.append(crashed_on)
        except BaseException:  # Ctrl-C among them
            self.cancel()
            raise
        else:
            self._process = None
            _give_back(process)
            return received
        self._ask_another()
        return self._fetch(watch, receive)

    def __del__(self) -> None:
        self.cancel()


class _Process:
    """A reading process, and how far it has come with its question."""

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
        self.fit = True  # for another question
        self.spent_s = 0.0  # of the budget, by the process before
        self._too_late = threading.Event()
        self._timer: threading.Timer | None = None
        self._seconds, self._memory = BASE_S, 0
        self._decoding: Path | None = None
        self._one_of_several = False
        _widen(self._answers.fileno())
        _alive.add(self)

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._popen.pid

    def ask(self, question: wire.Message) -> None:
        """Put a question. Raises OSError where nobody is there to answer."""
        self._decoding, self._one_of_several, self._memory = None, False, 0
        self._end_in(BASE_S)
        rest = json.dumps(question).encode("ascii") + b"\n"
        while rest:
            rest = rest[self._questions.write(rest) or 0 :]

    def heard(self) -> bool:
        """Whether it has heard the question, which it says before it touches the input."""
        try:
            return "heard" in wire.receive(self.read_into)
        except (EOFError, OSError):
            return self._too_late.is_set()

    def answer(self, path: Path, watch: Watch | None) -> wire.Message:
        """The next message that is an answer; what is large of it, read with `read_into`, follows.

        Raises UnreadableInput where the answer is that, EOFError or BrokenAnswer where none comes.
        """
        while True:
            said = wire.receive(self.read_into)
            if "budget" in said:
                self._memory = int(said["budget"]["memory"])
                self._end_in(float(said["budget"]["seconds"]))
            elif "decoding" in said:
                self._decoding, self._one_of_several = Path(said["decoding"]), bool(said["one_of_several"])
            elif "unreadable" in said:
                cause = DecoderFailure(said["trace"]) if said["trace"] else None
                raise UnreadableInput(str(said["unreadable"])) from cause
            elif "failed" in said:
                self.fit = False
                raise UnreadableInput(f"{path}: {self._why(str(said['failed']), path)}") from DecoderFailure(
                    said["trace"]
                )
            else:
                return said
            if watch is not None:
                watch(said)

    def _why(self, failed: str, path: Path) -> str:
        if failed == "MemoryError":
            most = f"{self._memory // MIB} MiB"
            return f"expected reading it to need at most {most} of memory, found that it needs more{self._where(path)}"
        return f"expected a head CT, found content that the decoder cannot cope with ({failed}{self._where(path)})"

    def death(self, path: Path) -> UnreadableInput:
        """What is said of an input whose reading ended without an answer; this process has ended."""
        if self._too_late.is_set() or self._popen.returncode == -_SIGALRM:
            why = f"expected reading it to take at most {self._seconds:.0f} s, found that it takes longer"
        else:
            why = "expected a head CT, found content that makes the decoder crash"
        return UnreadableInput(f"{path}: {why}{self._where(path)}")

    def crashed_on(self, path: Path) -> str | None:
        """The file that ended it by a crash, where the input can be read without that one; it has ended.

        None for a file of an archive, which is called otherwise when it is unpacked again.
        """
        file = self._decoding
        if file is None or not self._one_of_several or self._too_late.is_set() or not file.is_relative_to(path):
            return None
        return str(file)

    def _where(self, path: Path) -> str:
        """The file it was at, where the path holds several; what was unpacked is not named."""
        file = self._decoding
        if file is None or file == path or not file.is_relative_to(path):
            return ""
        return f" ({file.relative_to(path).as_posix()})"

    def rest(self) -> None:
        """There is no hurry with anything."""
        if self._timer is not None:
            self._timer.cancel()

    def end(self) -> None:
        """End it now, whatever it is at, and remove what it unpacked."""
        self.rest()
        with suppress(OSError):
            self._popen.kill()
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

    def _end_in(self, seconds: float) -> None:
        self.rest()
        if self._too_late.is_set():
            return
        self._seconds = seconds
        self._timer = threading.Timer(max(seconds - self.spent_s, 0), self._is_too_late)
        self._timer.daemon = True
        self._timer.start()

    def _is_too_late(self) -> None:
        self._too_late.set()
        with suppress(OSError):
            self._popen.kill()


_SIGALRM = 14
_idle: list[_Process] = []
_lock = threading.Lock()
_alive: weakref.WeakSet[_Process] = weakref.WeakSet()


def _taken() -> _Process:
    with _lock:
        if _idle:
            return _idle.pop()
    return _Process()


def _give_back(process: _Process) -> None:
    process.rest()
    process.spent_s = 0.0
    with _lock:
        if process.fit and len(_idle) < MOST_IDLE:
            _idle.append(process)
            return
    process.end()


def _folder() -> str | None:
    """Where relative paths begin; None where that folder is gone."""
    try:
        return str(Path.cwd())
    except OSError:
        return None


def _environment() -> dict[str, str]:
    """What a reading process finds around it: the modules of this one, and no threads that each claim memory.

    A folder that this one merely happens to stand in may be a stranger's: no module is taken from there.
    """
    modules = os.pathsep.join(one for one in sys.path if one and one != _folder())
    return {**os.environ, "PYTHONPATH": modules, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _widen(pipe: int) -> None:
    """A scan passes faster through a wide pipe. Linux alone lets one be widened."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


@atexit.register
def end_idle() -> None:
    """End those processes that wait for another question."""
    with _lock:
        while _idle:
            _idle.pop().end()


def _forget_all() -> None:
    """In the copy of this process that a fork made: those processes are the original's to talk to."""
    global _lock  # noqa: PLW0603 (another thread may hold it, and that thread was not copied)
    _lock = threading.Lock()
    for process in list(_alive):
        process.forget()
    _alive.clear()
    _idle.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
