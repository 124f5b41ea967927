"""How messages travel between a process and the one that reads for it.

A message is its length (4 bytes, little endian) and that many bytes of JSON; what is large follows as raw bytes, with
its length in the JSON. Nothing is pickled: the reading process works on bytes of strangers, so its answers are checked
as any input is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
Write = Callable[[memoryview], int | None]
ReadInto = Callable[[memoryview], int | None]

LONGEST_MESSAGE = 64 * 2**20


class BrokenAnswer(Exception):
    """Not what a reading process says."""


def send(write: Write, message: Message, *blobs: memoryview) -> None:
    """Write a message, and after it the raw bytes, each of which the message has to tell the length of."""
    content = json.dumps(message).encode("ascii")
    for part in (memoryview(len(content).to_bytes(4, "little") + content), *blobs):
        rest = part
        while rest:
            rest = rest[write(rest) or 0 :]


def receive(read_into: ReadInto) -> Message:
    """The next message. Raises EOFError where there is none, and BrokenAnswer where it is no message."""
    length = int.from_bytes(receive_bytes(read_into, 4), "little")
    if length > LONGEST_MESSAGE:
        raise BrokenAnswer(f"a message of {length} bytes")
    try:
        message = json.loads(receive_bytes(read_into, length))
    except ValueError as error:
        raise BrokenAnswer("no JSON") from error
    if not isinstance(message, dict):
        raise BrokenAnswer("no message")
    return message


def receive_bytes(read_into: ReadInto, length: int) -> bytes:
    """Exactly so many bytes. Raises EOFError where fewer come."""
    content = bytearray(length)
    fill(read_into, memoryview(content))
    return bytes(content)


def fill(read_into: ReadInto, target: memoryview) -> None:
    """As many bytes as the target holds. Raises EOFError where fewer come."""
    while target:
        n = read_into(target)
        if not n:
            raise EOFError
        target = target[n:]
