"""Temporary folders for unpacked archives, which are removed whatever happens to the process that made them.

Each is called `ichor-unpacked-PID-...`, is accessible only to its owner (0700), and is locked while its process
lives. The process removes it; if that is killed, its parent does; if both are, the next process that unpacks
anything finds the folder unlocked and removes it. Windows has no such locks, so the last of these is missing there.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "ichor-unpacked-"
HAS_LOCKS = os.name == "posix"
JUST_MADE_S = 60.0  # a folder this young may not have its lock yet

# Held while writing into one of the folders: the thread that holds it can remove them safely.
writing = threading.RLock()
_open: set[Path] = set()


@contextmanager
def private_folder() -> Iterator[Path]:
    """An empty folder that is removed when the block ends. Raises OSError if it cannot be created."""
    remove_abandoned()
    with writing:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        _open.add(folder)
        lock = _locked(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _open.discard(folder)
        if lock is not None:
            os.close(lock)


def remove_open() -> None:
    """Remove this process's folders; nothing can be written into them afterwards, so the process has to exit."""
    writing.acquire()
    for folder in _open:
        shutil.rmtree(folder, ignore_errors=True)


def remove_of_process(pid: int) -> None:
    """Remove the folders of a process that has ended."""
    for folder in _folders(f"{PREFIX}{pid}-"):
        _remove_unlocked(folder)


def remove_abandoned() -> None:
    """Remove folders whose process was killed together with its parent."""
    if not HAS_LOCKS:
        return
    for folder in _folders(PREFIX):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > JUST_MADE_S:
                _remove_unlocked(folder)


def _folders(prefix: str) -> list[Path]:
    """This user's private folders with that prefix."""
    found = []
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False):
                about = entry.stat(follow_symlinks=False)
                ours = not HAS_LOCKS or (about.st_uid == os.getuid() and stat.S_IMODE(about.st_mode) == stat.S_IRWXU)
                if ours:
                    found.append(Path(entry.path))
    return found


def _remove_unlocked(folder: Path) -> None:
    lock = _locked(folder)
    if lock is not None or not HAS_LOCKS:
        shutil.rmtree(folder, ignore_errors=True)
    if lock is not None:
        os.close(lock)


def _locked(folder: Path) -> int | None:
    """A descriptor that locks the folder until it is closed; None if another has the lock or there are no locks."""
    if not HAS_LOCKS:
        return None
    descriptor = None
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if descriptor is not None:
            os.close(descriptor)
        return None
    return descriptor
