"""Ports for servers that a test starts."""

from __future__ import annotations

import random
import socket
from contextlib import suppress


def free_port() -> int:
    """A port of loopback that nothing listens on, out of those that systems do not hand out.

    One that the system hands out may be another process's connection by the time that the server starts, again even.
    """
    while True:
        port = random.randrange(10_240, 32_768)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
