"""Limits for unpacking an archive: how much, how many files, and where each of them is written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ichor.errors import UnreadableInput
from ichor.read.temporary import writing

MAXIMUM_BYTES = 4 * 2**30
# CT compresses to a few times smaller, masks and padding to a hundred times smaller.
ALWAYS_BYTES, MAX_INFLATION = 64 * 2**20, 200
MAXIMUM_FILES = 20_000
CHUNK = 2**20


@dataclass
class Allowance:
    """What may still be unpacked from an archive and those inside it."""

    most_bytes: int
    n_bytes: int
    n_files: int

    @classmethod
    def of(cls, path: Path) -> Allowance:
        """The allowance of an outermost archive."""
        most = min(MAXIMUM_BYTES, ALWAYS_BYTES + MAX_INFLATION * path.stat().st_size)
        return cls(most, most, MAXIMUM_FILES)

    def require(self, path: Path, n_bytes: int, folder: Path) -> None:
        """Raises UnreadableInput if the size that the archive states is not allowed or does not fit on the disk."""
        if n_bytes > self.n_bytes:
            raise UnreadableInput(f"{path}: expected at most {self.n_bytes:,} bytes unpacked, found {n_bytes:,}")
        free = shutil.disk_usage(folder).free
        if n_bytes > free:
            raise UnreadableInput(
                f"{path}: expected {n_bytes:,} bytes free to unpack it, found {free:,} in {tempfile.gettempdir()}: "
                "free some space there, or set TMPDIR to a folder with more"
            )

    def take_file(self, path: Path) -> None:
        """Count one more entry. Raises UnreadableInput if there are too many."""
        self.n_files -= 1
        if self.n_files < 0:
            raise UnreadableInput(f"{path}: expected at most {MAXIMUM_FILES:,} files in an archive, found more")

    def take_bytes(self, path: Path, n_bytes: int) -> None:
        """Count more bytes. Raises UnreadableInput if there are too many."""
        self.n_bytes -= n_bytes
        if self.n_bytes < 0:
            raise UnreadableInput(f"{path}: expected at most {self.most_bytes:,} bytes unpacked, found more")


def target_of(path: Path, name: str, number: int) -> PurePosixPath | None:
    """Where an entry is written, below the root; None for irrelevant files. Raises UnreadableInput for unsafe paths.

    Messages refer to entries by number, since file names in hospitals contain patients' names.
    """
    target = PurePosixPath(name.replace("\\", "/"))
    if target.is_absolute() or ".." in target.parts or any(part[1:2] == ":" for part in target.parts):
        raise UnreadableInput(
            f"{path}: expected files inside the archive's own folder, found that entry {number} points outside"
        )
    irrelevant = not target.parts or "__MACOSX" in target.parts or target.name.startswith(".")
    return None if irrelevant else target


def chunks_of(stream: IO[bytes], most: int | None) -> Iterator[bytes]:
    """The content of a stream, or at most that many bytes of it."""
    left = most
    while chunk := stream.read(CHUNK if left is None else min(CHUNK, left)):
        left = None if left is None else left - len(chunk)
        yield chunk


def counted(path: Path, stream: IO[bytes], left: Allowance, most: int | None) -> Iterator[bytes]:
    """The same, with each chunk deducted from the allowance: what is unpacked counts, not what the archive states."""
    for chunk in chunks_of(stream, most):
        left.take_bytes(path, len(chunk))
        yield chunk


def write_out(content: Iterable[bytes], target: Path) -> Path:
    """Write one file, and the folders above it."""
    with writing:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    with target.open("r+b") as file:
        for chunk in content:
            file.write(chunk)
    return target
