"""Turns the paths that a user gives (scans, folders of studies, list files) into single scans.

`ichor.read.find` finds the scans at a path, and `ichor.screening.names` names them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from ichor.errors import UnreadableInput
from ichor.read import open as reading
from ichor.read.base import ScanPath
from ichor.read.paired_files import files_of
from ichor.read.walk import files_in

LIST_SUFFIX = ".txt"


def find_scans(paths: Iterable[Path], out: Path | None = None, series_uid: str | None = None) -> list[ScanPath]:
    """Find all scans at the paths, in order and without duplicates; the folder `out` is left out.

    If `series_uid` is given, only the scans with that series are taken from a path, if there are any. A path without
    any suitable scan is kept unchanged, so that reading it reports why. Raises UnreadableInput for a list file that
    cannot be read or is empty.
    """
    found: dict[ScanPath, None] = {}
    for path in paths:
        for listed in _lines(path) if path.suffix.lower() == LIST_SUFFIX and path.is_file() else (path,):
            found.update(dict.fromkeys(reading.find_scans(listed, out=out, series_uid=series_uid)))
    return list(found)


def path_sha256(path: Path, label: str = "") -> str:
    """A hash of the path, or of the scan with that label at the path."""
    return hashlib.sha256(os.fsencode(_resolved(path)) + os.fsencode(label and f"\n{label}")).hexdigest()


def input_sha256(path: Path, out: Path | None = None, files: Collection[str] = ()) -> str:
    """A hash of the path and of the names, sizes and times of all its files, or only of `files`.

    Results in a folder `out` inside the input are left out. For an archive, the archive file itself is taken.
    """
    digest = hashlib.sha256(os.fsencode(_resolved(path)))
    results = None if out is None or _resolved(path) not in _resolved(out).parents else _resolved(out)
    below: Iterable[Path] = files_of(path)
    if path.is_dir():
        below = map(path.joinpath, sorted(files)) if files else sorted(files_in(path))
    for file in below:
        if file.is_file() and not (results and _resolved(file).is_relative_to(results)):
            stat = file.stat()
            place = file.relative_to(path) if file.is_relative_to(path) else file.name
            digest.update(b"\n" + os.fsencode(place))
            digest.update(f" {stat.st_size} {stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def content_sha256(folder: Path) -> str:
    """A hash of the contents of a folder's files; identifies a model package independently of its location."""
    digest = hashlib.sha256()
    for file in sorted(one for one in folder.iterdir() if one.is_file()):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _resolved(path: Path) -> Path:
    """The path without links. Circular links are left as they are, whereas Path.resolve raises RuntimeError."""
    return Path(os.path.realpath(path))


def _lines(path: Path) -> list[Path]:
    """The paths in a list file, one per line, relative to the file; # begins a comment."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "text that is not UTF-8"
        raise UnreadableInput(f"{path}: expected a list of paths, found {reason}") from error
    listed = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if not listed:
        raise UnreadableInput(f"{path}: expected one path per line, found none")
    return [path.parent / _at_home(line) for line in listed]


def _at_home(line: str) -> Path:
    """A listed path with ~ expanded if that user exists; null characters are replaced by ?."""
    path = Path(line.replace("\0", "?"))
    try:
        return path.expanduser()
    except RuntimeError:  # there is no such user
        return path
