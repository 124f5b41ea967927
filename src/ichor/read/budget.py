"""How much memory and time reading an input may take: a base amount, plus more for larger inputs.

On Linux the system enforces the memory limit (setrlimit, RLIMIT_DATA) and the size of the largest file written;
macOS and Windows have no limit that works. Time is limited by the waiting process, on all systems.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ichor.read.paired_files import files_of
from ichor.read.walk import files_in

BASE_BYTES = 768 * 2**20
BYTES_PER_BYTE = 32  # gzip and JPEG compress a scan about tenfold, and reading holds two or three copies
MAX_MEMORY_SHARE = 0.8
BASE_S = 15.0
BYTES_PER_S = 1e6  # allows for a slow disk, JPEG 2000 and a busy machine
FILES_PER_S = 50.0
MAX_FILE_BYTES = 4 * 2**30


@dataclass(frozen=True, slots=True)
class Size:
    """The size of an input on disk."""

    n_bytes: int
    n_files: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The memory, in bytes, and time, in seconds, that reading may take."""

    memory: int
    seconds: float


def size_of(path: Path) -> Size:
    """The size of a file with its companion files, or of all files in a folder."""
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
    """The bytes that a file takes up on disk; holes in it are not counted."""
    with suppress(OSError):
        about = file.stat()
        return min(about.st_size, getattr(about, "st_blocks", about.st_size) * 512 + 4096)
    return 0


def budget_for(size: Size) -> Budget:
    """The budget for reading an input of that size."""
    memory = min(BASE_BYTES + BYTES_PER_BYTE * size.n_bytes, _most_memory())
    return Budget(memory, BASE_S + size.n_bytes / BYTES_PER_S + size.n_files / FILES_PER_S)


def _most_memory() -> int:
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2**62
    return max(int(MAX_MEMORY_SHARE * pages), BASE_BYTES)


def limit_process() -> None:
    """Apply limits to this process that do not depend on the budget: no core dump, no huge file."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))


def limit_memory(budget: Budget) -> None:
    """Limit this process to the memory of a budget, until the next one."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = budget.memory if hard == resource.RLIM_INFINITY else min(budget.memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
