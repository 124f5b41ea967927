"""Reading the next scan in the background, for example while an inference engine starts."""

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
    """Start reading a scan and return at once; the next `open_scan` with the same path and options returns it.

    Only one scan is kept: an earlier one that was never opened is discarded.
    """
    options = options or ReadOptions()
    future: Future[Scan] = Future()
    with _lock:
        _begun.clear()
        _begun[_place(path), options] = future
    threading.Thread(target=_read, args=(Path(path), options, future), name="read-ahead", daemon=True).start()


def take_read_ahead(path: str | Path, options: ReadOptions) -> Future[Scan] | None:
    """Remove and return the scan at that path if it is being read in the background; None otherwise."""
    with _lock:
        return _begun.pop((_place(path), options), None)


def _read(path: Path, options: ReadOptions, future: Future[Scan]) -> None:
    from ichor.read.reading import begin

    try:
        future.set_result(begin(path, options).scan())
    except BaseException as error:  # raised when the scan is opened
        future.set_exception(error)


def _place(path: str | Path) -> str:
    """The path as given, made absolute if possible."""
    with suppress(OSError):
        return os.path.abspath(path)  # noqa: PTH100 (Path.absolute keeps "..")
    return str(path)


def _forget() -> None:
    global _lock  # noqa: PLW0603 (a fork copies neither the reading thread nor one that holds the lock)
    _lock = threading.Lock()
    _begun.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
