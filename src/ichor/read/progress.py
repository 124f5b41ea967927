"""Announces each file before it is decoded, so that a file that crashes the process can be named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

Listener = Callable[[Path, bool], None]

_listener: Listener | None = None
_excluded: frozenset[Path] = frozenset()


def exclude(files: Iterable[Path]) -> None:
    """Make readers skip these files, on which the decoder crashed before."""
    global _excluded  # noqa: PLW0603 (as below)
    _excluded = frozenset(files)


def is_excluded(file: Path) -> bool:
    """Whether the decoder crashed on that file before."""
    return file in _excluded


def listen(listener: Listener | None) -> None:
    """Call `listener` with each file that is about to be decoded, and whether its reader can do without it.

    None stops this.
    """
    global _listener  # noqa: PLW0603 (one reading at a time in a reading process)
    _listener = listener


def decoding(file: Path, *, one_of_several: bool = False) -> None:
    """Announce that `file` is decoded next; `one_of_several` if the reader honors `is_excluded` for it."""
    if _listener is not None:
        _listener(file, one_of_several)
