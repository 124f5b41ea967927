"""The files of ct-ich 1.0.0 with their sizes and SHA-256, from a list made by `scripts/ct_ich_list.py`."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

NAME = "ct-ich-1.0.0.txt.gz"


@dataclass(frozen=True, slots=True)
class Listed:
    """One file: its path in the dataset, its size in bytes and its SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str

    def difference(self, file: Path) -> str:
        """How a file on disk differs from this one, as 'expected x, found y'; '' if it does not.

        Raises OSError if it cannot be read.
        """
        size = file.stat().st_size
        if size != self.size:
            return f"expected {self.size} bytes, found {size}"
        with file.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        return "" if found == self.sha256 else f"expected SHA-256 {self.sha256}, found {found}"


@cache
def release() -> tuple[Listed, ...]:
    """Every file of the release."""
    text = gzip.decompress(files(__package__).joinpath(NAME).read_bytes()).decode()
    lines = (line.split(" ", 2) for line in text.splitlines())
    return tuple(Listed(path, int(size), sha256) for sha256, size, path in lines)
