"""What may come out of an archive: how much, how many files, and where each of them goes."""

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
# An archive of CT is a few times smaller than what it holds, one of masks and padding a hundred times.
ALWAYS_BYTES, MOST_INFLATION = 64 * 2**20, 200
MAXIMUM_FILES = 20_000
CHUNK = 2**20


@dataclass
class Allowance:
    """What may still come out of an archive and of those inside it."""

    most_bytes: int
    n_bytes: int
    n_files: int

    @classmethod
    def of(cls, path: Path) -> Allowance:
        """That of an outermost archive."""
        most = min(MAXIMUM_BYTES, ALWAYS_BYTES + MOST_INFLATION * path.stat().st_size)
        return cls(most, most, MAXIMUM_FILES)

    def require(self, path: Path, n_bytes: int, folder: Path) -> None:
        """What the archive says that it unpacks to is allowed, and fits on the disk."""
        if n_bytes > self.n_bytes:
            raise UnreadableInput(f"{path}: expected at most {self.n_bytes:,} bytes unpacked, found {n_bytes:,}")
        free = shutil.disk_usage(folder).free
        if n_bytes > free:
            raise UnreadableInput(
                f"{path}: expected {n_bytes:,} bytes free to unpack it, found {free:,} in {tempfile.gettempdir()}: "
                "make room there, or set TMPDIR to a folder with more"
            )

    def take_file(self, path: Path) -> None:
        """One more entry. Raises UnreadableInput where it is one too many."""
        self.n_files -= 1
        if self.n_files < 0:
            raise UnreadableInput(f"{path}: expected at most {MAXIMUM_FILES:,} files in an archive, found more")

    def take_bytes(self, path: Path, n_bytes: int) -> None:
        """So many more bytes. Raises UnreadableInput where they are too many."""
        self.n_bytes -= n_bytes
        if self.n_bytes < 0:
            raise UnreadableInput(f"{path}: expected at most {self.most_bytes:,} bytes unpacked, found more")


def target_of(path: Path, name: str, number: int) -> PurePosixPath | None:
    """Where an entry goes, below the root; None for what is of no use. Raises UnreadableInput for the unsafe.

    Entries are named by their number: names in hospitals are made of patients' names.
    """
    target = PurePosixPath(name.replace("\\", "/"))
    if target.is_absolute() or ".." in target.parts or any(part[1:2] == ":" for part in target.parts):
        raise UnreadableInput(
            f"{path}: expected files inside the archive's own folder, entry {number} points out of it"
        )
    of_no_use = not target.parts or "__MACOSX" in target.parts or target.name.startswith(".")
    return None if of_no_use else target


def chunks_of(stream: IO[bytes], most: int | None) -> Iterator[bytes]:
    """The content of a stream, or at most so many bytes of it."""
    left = most
    while chunk := stream.read(CHUNK if left is None else min(CHUNK, left)):
        left = None if left is None else left - len(chunk)
        yield chunk


def counted(path: Path, stream: IO[bytes], left: Allowance, most: int | None) -> Iterator[bytes]:
    """The same, each chunk taken off what is allowed: what comes out counts, not what the archive says."""
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
