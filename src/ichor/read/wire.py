"""Messages between a process and its reading process.

A message is its length (4 bytes, little endian) followed by that many bytes of JSON; large content follows as raw
bytes, with its length in the JSON. Nothing is pickled: the reading process handles untrusted files, so its replies
are validated like any other input.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]
Write = Callable[[memoryview], int | None]
ReadInto = Callable[[memoryview], int | None]

MAX_MESSAGE_BYTES = 64 * 2**20


class InvalidReply(Exception):
    """A message that a reading process would not send."""


def send(write: Write, message: Message, *blobs: memoryview) -> None:
    """Write a message followed by raw bytes; the message has to state the length of each of these."""
    content = json.dumps(message).encode("ascii")
    for part in (memoryview(len(content).to_bytes(4, "little") + content), *blobs):
        rest = part
        while rest:
            rest = rest[write(rest) or 0 :]


def receive(read_into: ReadInto) -> Message:
    """The next message. Raises EOFError if there is none, and InvalidReply if it is invalid."""
    length = int.from_bytes(receive_bytes(read_into, 4), "little")
    if length > MAX_MESSAGE_BYTES:
        raise InvalidReply(f"a message of {length} bytes")
    try:
        message = json.loads(receive_bytes(read_into, length))
    except ValueError as error:
        raise InvalidReply("no JSON") from error
    if not isinstance(message, dict):
        raise InvalidReply("no message")
    return message


def receive_bytes(read_into: ReadInto, length: int) -> bytes:
    """Exactly `length` bytes. Raises EOFError if there are fewer."""
    content = bytearray(length)
    fill(read_into, memoryview(content))
    return bytes(content)


def fill(read_into: ReadInto, target: memoryview) -> None:
    """Fill the target with bytes. Raises EOFError if there are too few."""
    while target:
        n = read_into(target)
        if not n:
            raise EOFError
        target = target[n:]
