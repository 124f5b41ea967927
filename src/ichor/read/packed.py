"""Content packed by gzip: read in steps, as much as the header asks for, to the end, where the checksum is."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import IO, cast

GZIP = b"\x1f\x8b"
MOST_INFLATION = 1032  # deflate cannot do more (RFC 1951: 258 bytes in 2 bits)
STEP_BYTES = 1 << 20
MOST_TRAILING_BYTES = 1 << 20  # some writers pad the end of the file; more than this is no padding


def is_packed(path: Path) -> bool:
    """Whether the file is gzip, whatever it is called."""
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


def opened(path: Path) -> IO[bytes]:
    """The file, unpacked where it is gzip."""
    return cast(IO[bytes], gzip.open(path) if is_packed(path) else path.open("rb"))


def unpacked(stream: IO[bytes], expected: int) -> bytearray:
    """So many bytes of a stream, which is read to its end.

    They grow as they come: a file that does not hold what it says costs no more memory than what it holds. Raises
    EOFError where there are fewer, ValueError where more follow than padding.
    """
    content = bytearray()
    trailing = 0
    while chunk := stream.read(min(STEP_BYTES, expected - len(content)) or STEP_BYTES):
        if len(content) < expected:
            content += chunk
        else:
            trailing += len(chunk)
        if trailing >= MOST_TRAILING_BYTES:
            raise ValueError(f"{expected} bytes are needed, more than {MOST_TRAILING_BYTES} others follow")
    if len(content) < expected:
        raise EOFError(f"{expected} bytes are needed, {len(content)} are there")
    return content


def require_room(n_bytes_packed: int, expected: int) -> None:
    """Raises EOFError where so few packed bytes cannot hold as many."""
    if expected > n_bytes_packed * MOST_INFLATION:
        raise EOFError(f"{expected} bytes are needed, at most {n_bytes_packed * MOST_INFLATION} are there")
