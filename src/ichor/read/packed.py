"""Reading gzip in steps, up to the size that the header states and to the end, where the checksum is."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import IO, cast

GZIP = b"\x1f\x8b"
MAX_INFLATION = 1032  # the limit of deflate (RFC 1951: 258 bytes in 2 bits)
STEP_BYTES = 1 << 20
MAX_TRAILING_BYTES = 1 << 20  # some writers pad the end of the file; more than this is not padding


def is_packed(path: Path) -> bool:
    """Whether the file is gzip, whatever its name."""
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


def opened(path: Path) -> IO[bytes]:
    """The file opened for reading, decompressed if it is gzip."""
    return cast(IO[bytes], gzip.open(path) if is_packed(path) else path.open("rb"))


def unpacked(stream: IO[bytes], expected: int) -> bytearray:
    """The first `expected` bytes of a stream, which is read to its end.

    The buffer grows as data arrives, so a file that holds less than it states costs no more memory than its content.
    Raises EOFError if there are fewer bytes, ValueError if more follow than padding.
    """
    content = bytearray()
    trailing = 0
    while chunk := stream.read(min(STEP_BYTES, expected - len(content)) or STEP_BYTES):
        if len(content) < expected:
            content += chunk
        else:
            trailing += len(chunk)
        if trailing >= MAX_TRAILING_BYTES:
            raise ValueError(f"{expected} bytes expected, found more than {MAX_TRAILING_BYTES} after them")
    if len(content) < expected:
        raise EOFError(f"{expected} bytes expected, {len(content)} found")
    return content


def require_room(n_bytes_packed: int, expected: int) -> None:
    """Raises EOFError if so few compressed bytes cannot hold the expected number."""
    if expected > n_bytes_packed * MAX_INFLATION:
        raise EOFError(f"{expected} bytes expected, at most {n_bytes_packed * MAX_INFLATION} possible")
