"""Limits on how much memory one connection may make the node use, and on how long it may be silent.

pynetdicom reads whatever length a peer announces, and keeps reading while a message is being handled.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

# PS3.8 D.1: peers keep to the P-DATA PDU length that is announced to them; association requests are shorter.
MOST_PDU_BYTES = 2**18
SLACK_BYTES = 2**20  # besides the image: commands and PDU headers
_READ_BYTES = 2**16


class Guard:
    """Replaces `recv` of one connection's socket: reads the bytes asked for, or ends the connection."""

    def __init__(self, socket: Any, most_bytes: int, silent_s: float) -> None:
        self._socket, self._most = socket, most_bytes + SLACK_BYTES
        self._since_answer = 0
        socket.settimeout(silent_s)

    def __call__(self, n_bytes: int) -> bytearray:
        """Read this many bytes, or fewer if the peer closes the connection. Raises OSError if a limit is exceeded."""
        self._since_answer += n_bytes
        if n_bytes > MOST_PDU_BYTES or self._since_answer > self._most:
            raise OSError("more data than the limit")
        found = bytearray(n_bytes)
        view, at = memoryview(found), 0
        while at < n_bytes:
            n = self._socket.recv_into(view[at : at + _READ_BYTES])
            if not n:
                view.release()
                del found[at:]
                break
            at += n
        return found

    def answered(self) -> None:
        """Restart the count, because a message has been handled."""
        self._since_answer = 0


class Pace:
    """Slows down senders that exceed this many images per minute; short bursts pass."""

    def __init__(self, per_minute: float) -> None:
        self._each_s, self._burst_s = 60 / per_minute, 5.0
        self._mutex = threading.Lock()
        self._due: dict[str, float] = defaultdict(float)

    def wait_s(self, sender: str) -> float:
        """How long this image has to wait, in seconds."""
        now = time.monotonic()
        with self._mutex:
            self._due[sender] = max(self._due[sender], now - self._burst_s) + self._each_s
            return max(0.0, self._due[sender] - now)
