"""Atomic writing: everything is written under a temporary name and renamed once it is complete.

Temporary names are hidden, are in the same folder as the final one, so that the rename is a single step, and contain
the process ID and a random number: no two processes share one.

Files made from a user's scans are private, accessible only to their owner (folders 0700, files 0600, whatever the
umask): the caller requests this. Files made to be shared, such as model packages, runs and published results, have the
permissions of the umask. Windows has no such permissions; there, those of the parent folder apply.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ichor.errors import OutputFailed
from ichor.interruption import undisturbed
from ichor.locks import LOCK, Busy, one_at_a_time

# They contain the tool's name, so that other programs' files are never mistaken for ours.
PARTIAL, REPLACED = ".ichor-partial", ".ichor-replaced"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600

# Names that a killed process may have left: a lock, something being written, or something being replaced.
_LEFT_OVER = re.compile(
    rf"\.(?P<name>.+?)({re.escape(LOCK)}|{re.escape(REPLACED)}|\.\d+-[0-9a-f]{{8}}{re.escape(PARTIAL)})"
)
_AT_THE_WORKING_FOLDER, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


@contextmanager
def whole_folder(folder: Path, *, private: bool = False) -> Iterator[Path]:
    """A temporary folder to write into; it replaces `folder` when the block ends without an error.

    An error or Ctrl-C in the block removes what the block wrote and leaves an existing `folder` unchanged; files left
    by killed processes are removed first. Only one process at a time writes `folder`; others wait. The result survives
    a power failure: all of it is on disk before it gets its name. An existing `folder` is exchanged in one step on
    Linux; elsewhere, and on file systems that do not support this, a process killed between two steps leaves it under
    another name, and the next process to write it, or `clear_left_overs`, restores it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder) as alone:
        if alone:
            _clear(folder)
        partial = _temporary(folder)
        try:
            make_folder(partial, private=private)
            yield partial
            for one in _inside(partial):
                if private:
                    _make_private(one)
                sync(one, its_name=False)
            with undisturbed():
                _put_in_place(partial, folder)
            sync(folder)
        finally:
            with undisturbed():
                _remove(partial)


def write_whole(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write a file in one step: it appears complete, or not at all.

    A process killed during this may leave a hidden file in the same folder, which is never read. Call `sync` afterwards
    for files that must survive a power failure.
    """
    partial = _temporary(path)
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE if private else 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode(errors="replace") if isinstance(content, str) else content)
        if private:
            _make_private(partial)
        partial.replace(path)
    finally:
        with undisturbed():
            partial.unlink(missing_ok=True)


def make_folder(folder: Path, *, private: bool = False) -> None:
    """Make a folder and its parents if they do not exist; existing ones are not changed, nor are their permissions.

    Raises OSError if that is not possible, FileExistsError if something else has the name.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent, private=private)
    try:
        folder.mkdir(mode=PRIVATE_FOLDER if private else 0o777)
    except FileExistsError:
        if not folder.is_dir():  # otherwise another process has just made it
            raise
    else:
        if private:
            _make_private(folder)


def clear_left_overs(inside: Path) -> None:
    """Remove what killed processes left in a folder whose entries are all written under `one_at_a_time`.

    Files in use by another process are not touched. Nothing is removed if there are no locks.
    """
    with os.scandir(inside) as entries:
        names = {found["name"] for entry in entries if (found := _LEFT_OVER.fullmatch(entry.name))}
    for name in sorted(names):
        with suppress(Busy), one_at_a_time(inside / name, wait=False) as alone:
            if alone:
                _clear(inside / name)


@contextmanager
def reporting_disk_errors(out: Path) -> Iterator[None]:
    """A block that writes `out`. Raises OutputFailed, with a one-line message that names it, for errors of the disk."""
    try:
        yield
    except OSError as error:
        raise OutputFailed.of(out, error) from error


def sync(path: Path, *, its_name: bool = True) -> None:
    """Wait until a file or folder and its name are on disk, so that references to it may be written next."""
    for one in (path, path.parent) if its_name else (path,):
        if one.is_dir() and os.name == "nt":
            continue  # Windows cannot open folders
        descriptor = os.open(one, os.O_RDWR if one.is_file() else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system that does not support it
                raise
        finally:
            os.close(descriptor)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")


def _replaced(path: Path) -> Path:
    return path.with_name(f".{path.name}{REPLACED}")


def _clear(path: Path) -> None:
    """Remove what killed processes left of `path`, and restore what one had moved aside; under its lock."""
    with undisturbed():
        replaced = _replaced(path)
        if os.path.lexists(replaced):
            if os.path.lexists(path):
                _remove(replaced)
            else:
                replaced.rename(path)
        for one in path.parent.iterdir():
            found = _LEFT_OVER.fullmatch(one.name)
            if found and found["name"] == path.name and one.name.endswith(PARTIAL):
                _remove(one)


def _put_in_place(partial: Path, folder: Path) -> None:
    """Rename `partial` to `folder`; an existing one is removed."""
    if not os.path.lexists(folder):
        partial.rename(folder)
        return
    if _exchanged(partial, folder):
        return  # the earlier one now has the temporary name and is removed with it
    replaced = _replaced(folder)
    _remove(replaced)
    folder.rename(replaced)
    try:
        partial.rename(folder)
    except OSError:
        replaced.rename(folder)
        raise
    _remove(replaced)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange the two names in one step, by renameat2 of Linux; returns whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    rename = getattr(ctypes.CDLL(None), "renameat2", None)  # glibc has it since 2.28
    if rename is None:
        return False
    here = _AT_THE_WORKING_FOLDER
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), _EXCHANGE) == 0)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _inside(folder: Path) -> Iterator[Path]:
    """Every file and folder in it that is not a link, and finally the folder itself."""
    for one in sorted(folder.rglob("*"), reverse=True):
        if not one.is_symlink():
            yield one
    yield folder


def _make_private(path: Path) -> None:
    with suppress(PermissionError):  # a file system without permissions
        path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)
