"""What a reader is about to decode, said beforehand, so that the file that ends a process can be named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

Listener = Callable[[Path, bool], None]

_listener: Listener | None = None
_left_out: frozenset[Path] = frozenset()


def leave_out(files: Iterable[Path]) -> None:
    """Have readers do without these files, on which the decoder crashed before."""
    global _left_out  # noqa: PLW0603 (as below)
    _left_out = frozenset(files)


def is_left_out(file: Path) -> bool:
    """Whether the decoder crashed on that file before."""
    return file in _left_out


def listen(listener: Listener | None) -> None:
    """Have `listener` called with each file that is about to be decoded, and whether its reader can do without it.

    None ends it.
    """
    global _listener  # noqa: PLW0603 (one reading at a time in a reading process)
    _listener = listener


def decoding(file: Path, *, one_of_several: bool = False) -> None:
    """Say that the content of `file` is decoded next; `one_of_several` where the reader asks `is_left_out` of it."""
    if _listener is not None:
        _listener(file, one_of_several)
