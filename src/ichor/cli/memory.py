"""How training starts: with glibc told to keep the memory it has."""

from __future__ import annotations

import os
import sys

# glibc gives large blocks back to the system at every step and asks for them again: keeping them makes training on
# a CPU up to three times faster. The variables count only when a process starts.
KEEP_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
}


def restart_keeping_memory() -> None:
    """Start this process again with glibc told to keep its memory, where it has not been told."""
    told = all(name in os.environ for name in KEEP_MEMORY)
    if not told and sys.platform.startswith("linux"):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **KEEP_MEMORY})
