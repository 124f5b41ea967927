"""What a reader is about to decode, said beforehand, so that the file that ends a process can be named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Listener = Callable[[Path], None]

_listener: Listener | None = None


def listen(listener: Listener | None) -> None:
    """Have `listener` called with each file whose content is about to be decoded; None ends it."""
    global _listener  # noqa: PLW0603 (one reading at a time in a reading process)
    _listener = listener


def decoding(file: Path) -> None:
    """Say that the content of `file` is decoded next."""
    if _listener is not None:
        _listener(file)
