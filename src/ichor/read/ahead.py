"""Reading the next scan while this process is busy with something else, such as starting an engine."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from ichor.read.base import ReadOptions
from ichor.scan import Scan

_lock = threading.Lock()
_begun: dict[tuple[str, ReadOptions], Future[Scan]] = {}


def read_ahead(path: str | Path, options: ReadOptions | None = None) -> None:
    """Begin to read a scan and return at once: the next `open_scan` of that path and those options has it ready.

    One scan is kept; another one that was begun and never asked for is given up.
    """
    options = options or ReadOptions()
    future: Future[Scan] = Future()
    with _lock:
        _begun.clear()
        _begun[_place(path), options] = future
    threading.Thread(target=_read, args=(Path(path), options, future), name="read-ahead", daemon=True).start()


def taken(path: str | Path, options: ReadOptions) -> Future[Scan] | None:
    """The scan at that path if it has been begun; whoever takes it has it alone."""
    with _lock:
        return _begun.pop((_place(path), options), None)


def _read(path: Path, options: ReadOptions, future: Future[Scan]) -> None:
    from ichor.read.reading import begin

    try:
        future.set_result(begin(path, options).scan())
    except BaseException as error:  # it is raised where the scan is asked for
        future.set_exception(error)


def _place(path: str | Path) -> str:
    """The path as it was given, made absolute as far as that can be done."""
    with suppress(OSError):
        return os.path.abspath(path)  # noqa: PTH100 (Path.absolute keeps "..")
    return str(path)


def _forget() -> None:
    global _lock  # noqa: PLW0603 (the thread that reads was not copied, nor any that held the lock)
    _lock = threading.Lock()
    _begun.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
