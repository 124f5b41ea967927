"""Locks between processes, provided by the system: a killed process does not leave them behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".ichor-lock"


class Busy(Exception):
    """Another process holds the lock."""


# Locks held by this process: thread and lock file.
_held: set[tuple[int, Path]] = set()


@contextmanager
def one_at_a_time(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """A block that only one thread of one process at a time enters for `path`, which need not exist, on this machine.

    Others wait, or get Busy if not `wait`; the same thread may enter again inside it. The lock is a hidden file in the
    folder of `path`, which must exist, and is removed at the end. Yields whether there is a lock: on Windows, and on
    file systems without locks, there is none, and nobody waits. Whether the locks of a network file system also apply
    to other machines depends on that system: those of NFS do, with its lock service. Raises OSError if the lock file
    cannot be created.
    """
    lock = path.absolute().with_name(f".{path.name}{LOCK}")
    key = (threading.get_ident(), lock)
    if fcntl is None or key in _held:
        yield fcntl is not None
        return
    descriptor = _acquired(lock, wait)
    if descriptor is None:
        yield False
        return
    _held.add(key)
    try:
        yield True
    finally:
        _held.discard(key)
        _remove(lock)  # while it is held: waiting processes see that it is gone and create another
        os.close(descriptor)


def _acquired(lock: Path, wait: bool) -> int | None:
    """The descriptor that holds the lock until it is closed; None if the file system has no locks."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        held = False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            held = _is_still(lock, descriptor)
            if held:
                return descriptor
        except BlockingIOError as error:
            raise Busy(lock) from error
        except OSError:
            _remove(lock)
            return None
        finally:
            if not held:
                os.close(descriptor)


def _remove(lock: Path) -> None:
    with suppress(OSError):  # the disk may have failed
        lock.unlink()


def _is_still(lock: Path, descriptor: int) -> bool:
    """Whether the locked file is still the one at that path: its last holder may have removed it."""
    try:
        there, locked = os.stat(lock), os.fstat(descriptor)  # noqa: PTH116
    except FileNotFoundError:
        return False
    return os.path.samestat(there, locked)
