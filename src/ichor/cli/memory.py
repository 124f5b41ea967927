"""Starts training with glibc set to keep the memory that it has allocated."""

from __future__ import annotations

import os
import sys

# By default glibc returns large blocks to the system at every step and requests them again: keeping them makes training
# on a CPU up to three times faster. The variables take effect only when a process starts.
KEEP_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
}


def restart_keeping_memory() -> None:
    """Restart this process with glibc set to keep its memory, unless it already is."""
    is_set = all(name in os.environ for name in KEEP_MEMORY)
    if not is_set and sys.platform.startswith("linux"):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **KEEP_MEMORY})
