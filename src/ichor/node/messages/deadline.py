"""A bound on the whole of a conversation, beside those on its single steps: a peer may send one byte at a time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def ends_within(seconds: float, connection: Callable[[], socket.socket | None]) -> Iterator[None]:
    """A block after so many seconds of which the connection is cut, which ends every wait for it with an OSError."""

    def cut() -> None:
        found = connection()
        if found is not None:
            with suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
