"""Nothing half-written: everything is written under a temporary name and renamed when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ichor.errors import IchorError

# A hidden name beside the final one, on the same file system, so that the rename is one step.
PARTIAL = ".partial"


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder to write into; it takes the place of `folder` when the block ends without an error.

    What an interrupted process left under the temporary name is cleared first; an error or Ctrl-C in the
    block clears what the block wrote and leaves an earlier `folder` as it was.
    """
    partial = folder.with_name(f".{folder.name}{PARTIAL}")
    replaced = folder.with_name(f".{folder.name}.replaced")
    for left_over in (partial, replaced):
        shutil.rmtree(left_over, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if folder.exists():
            folder.rename(replaced)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """A block that only one process at a time enters for this folder; the others wait at its door.

    The lock is the system's own, so that a killed process leaves none behind. Where there is no such lock (Windows)
    nobody waits.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def disk_errors_told(out: Path) -> Iterator[None]:
    """A block that writes `out`. Raises IchorError, one line that names it, for what the disk refuses in it."""
    try:
        yield
    except OSError as error:
        raise IchorError(f"{out}: could not be written ({error.strerror or 'output error'})") from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file in one step: it is there complete, or not at all."""
    partial = path.with_name(f".{path.name}{PARTIAL}")
    try:
        partial.write_bytes(content.encode(errors="replace") if isinstance(content, str) else content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until the disk holds a file and its name, so that what refers to it may be written next."""
    for one in (path, path.parent):
        if one.is_dir() and os.name == "nt":
            continue  # Windows opens no folders
        descriptor = os.open(one, os.O_RDWR if one.is_file() else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
