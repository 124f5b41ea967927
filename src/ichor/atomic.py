"""Nothing half-written: everything is written under a temporary name and renamed when it is whole.

Temporary names are hidden, lie beside the final one, so that the rename is one step, and hold the process's number and
chance: no two processes share one.

What is made from a user's scans is private, readable by its owner alone (folders 0700, files 0600, whatever the umask):
those who write it say so. What is made to be shared, such as model packages, runs and published results, has the
permissions that the umask gives. Windows has no such permissions; there the folder's own rights hold.
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

# They hold the tool's name, so that what others left in the same folder is never taken for ours.
PARTIAL, REPLACED = ".ichor-partial", ".ichor-replaced"
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600

# A name that a killed process may have left: of a lock, of what was being written, or of what was being replaced.
_LEFT_OVER = re.compile(
    rf"\.(?P<name>.+?)({re.escape(LOCK)}|{re.escape(REPLACED)}|\.\d+-[0-9a-f]{{8}}{re.escape(PARTIAL)})"
)
_AT_THE_WORKING_FOLDER, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


@contextmanager
def whole_folder(folder: Path, *, private: bool = False) -> Iterator[Path]:
    """A temporary folder to write into; it takes the place of `folder` when the block ends without an error.

    An error or Ctrl-C in the block clears what the block wrote and leaves an earlier `folder` as it was; what a killed
    process left is cleared first. One process at a time writes `folder`: others wait. It survives a loss of power: the
    disk has all of it before it gets its name. An earlier `folder` is exchanged for it in one step on Linux; elsewhere,
    and on file systems that cannot do that, a process killed between two steps leaves the earlier one under another
    name, and the next one to write it, or `clear_left_overs`, gives it back.
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
    """Write a file in one step: it is there complete, or not at all.

    A process that is killed meanwhile may leave a hidden file beside it, which nobody reads. What must survive a loss
    of power is followed by `sync`.
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
    """Make a folder, and those above it, where they are not there yet; what is there is left as it is, its rights too.

    Raises OSError where that cannot be, FileExistsError where something else has the name.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make_folder(folder.parent, private=private)
    try:
        folder.mkdir(mode=PRIVATE_FOLDER if private else 0o777)
    except FileExistsError:
        if not folder.is_dir():  # else another process has just made it
            raise
    else:
        if private:
            _make_private(folder)


def clear_left_overs(inside: Path) -> None:
    """Clear what killed processes left in a folder in which each name is written under `one_at_a_time`.

    What another process is at is left alone. Nothing is cleared where there are no locks that could tell.
    """
    with os.scandir(inside) as entries:
        names = {found["name"] for entry in entries if (found := _LEFT_OVER.fullmatch(entry.name))}
    for name in sorted(names):
        with suppress(Busy), one_at_a_time(inside / name, wait=False) as alone:
            if alone:
                _clear(inside / name)


@contextmanager
def disk_errors_told(out: Path) -> Iterator[None]:
    """A block that writes `out`. Raises OutputFailed, one line that names it, for what the disk refuses in it."""
    try:
        yield
    except OSError as error:
        raise OutputFailed.of(out, error) from error


def sync(path: Path, *, its_name: bool = True) -> None:
    """Wait until the disk holds a file or folder and its name, so that what refers to it may be written next."""
    for one in (path, path.parent) if its_name else (path,):
        if one.is_dir() and os.name == "nt":
            continue  # Windows opens no folders
        descriptor = os.open(one, os.O_RDWR if one.is_file() else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # of a file system that cannot be waited for
                raise
        finally:
            os.close(descriptor)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")


def _replaced(path: Path) -> Path:
    return path.with_name(f".{path.name}{REPLACED}")


def _clear(path: Path) -> None:
    """Clear what killed processes left of `path`, and give back what one had put aside; under its lock."""
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
    """Give `partial` the name `folder`; what had it before is removed."""
    if not os.path.lexists(folder):
        partial.rename(folder)
        return
    if _exchanged(partial, folder):
        return  # the earlier one has the temporary name now, and goes with it
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
    """Whether the two names could be exchanged in one step, by renameat2 of Linux."""
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
    """Every file and folder in it that is no link, and itself at last."""
    for one in sorted(folder.rglob("*"), reverse=True):
        if not one.is_symlink():
            yield one
    yield folder


def _make_private(path: Path) -> None:
    with suppress(PermissionError):  # of a file system without permissions
        path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)
