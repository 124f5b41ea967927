"""How much memory and time the reading of an input may take: a base, and more the larger the input is.

On Linux the system holds a process to the memory (setrlimit, RLIMIT_DATA) and to the largest file it writes; macOS and
Windows have no such limit that works. The time is kept by the process that waits, everywhere.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ichor.read.beside import files_of
from ichor.read.walk import files_in

BASE_BYTES = 768 * 2**20
BYTES_PER_BYTE = 32  # gzip and JPEG make a scan ten times smaller, and it is held two or three times on the way
MOST_OF_THE_MACHINE = 0.8
BASE_S = 15.0
BYTES_PER_S = 1e6  # a slow disk, JPEG 2000, a busy machine
FILES_PER_S = 50.0
LARGEST_FILE = 4 * 2**30


@dataclass(frozen=True, slots=True)
class Size:
    """How large an input is on the disk."""

    n_bytes: int
    n_files: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What reading may take: bytes of memory, and seconds."""

    memory: int
    seconds: float


def size_of(path: Path) -> Size:
    """The size of a file, of all files in a folder, or of a file with those beside it that may belong to it."""
    n_bytes = n_files = 0
    folder = path.parent if path.name.upper() == "DICOMDIR" or path.suffix.lower() == ".avi" else path
    if not folder.is_dir():
        files = files_of(path)
        return Size(sum(map(_on_disk, files)), len(files))
    for file in files_in(folder):
        n_bytes += _on_disk(file)
        n_files += 1
    return Size(n_bytes, n_files)


def _on_disk(file: Path) -> int:
    """The bytes that a file has on the disk: holes in it are not counted."""
    with suppress(OSError):
        about = file.stat()
        return min(about.st_size, getattr(about, "st_blocks", about.st_size) * 512 + 4096)
    return 0


def budget_for(size: Size) -> Budget:
    """What reading an input of that size may take."""
    memory = min(BASE_BYTES + BYTES_PER_BYTE * size.n_bytes, _most_memory())
    return Budget(memory, BASE_S + size.n_bytes / BYTES_PER_S + size.n_files / FILES_PER_S)


def _most_memory() -> int:
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2**62
    return max(int(MOST_OF_THE_MACHINE * pages), BASE_BYTES)


def limit_process() -> None:
    """Hold this process for good to what no budget changes: no core dump, no huge file."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


def limit_memory(budget: Budget) -> None:
    """Hold this process to a budget's memory, until the next one."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = budget.memory if hard == resource.RLIM_INFINITY else min(budget.memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
