"""Which scans a user means: paths, folders of studies and list files become single scans.

Which scans lie at a path is for `ichor.read.find` to say, and what they are called for `ichor.screening.names`.
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
    """Every scan that the paths stand for, in order and each once; the folder `out` is no input.

    Where a series is asked for, a path stands for those of its scans that have it, if any has. A path in which nothing
    fits is kept as it is, so that reading it says why. Raises UnreadableInput for a list file that cannot be read or
    names nothing.
    """
    found: dict[ScanPath, None] = {}
    for path in paths:
        for listed in _lines(path) if path.suffix.lower() == LIST_SUFFIX and path.is_file() else (path,):
            found.update(dict.fromkeys(reading.find_scans(listed, out=out, series_uid=series_uid)))
    return list(found)


def path_sha256(path: Path, label: str = "") -> str:
    """A hash that stands for the path itself, or for the scan of that label there."""
    return hashlib.sha256(os.fsencode(_resolved(path)) + os.fsencode(label and f"\n{label}")).hexdigest()


def input_sha256(path: Path, out: Path | None = None, files: Collection[str] = ()) -> str:
    """A hash of the path and of the names, sizes and times of its files, or of those: another hash, another input.

    Results in a folder `out` that lies inside the input are no part of it. Of an archive it is the archive's own.
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
    """A hash of what the files of a folder hold: it stands for a model package, wherever that lies."""
    digest = hashlib.sha256()
    for file in sorted(one for one in folder.iterdir() if one.is_file()):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _resolved(path: Path) -> Path:
    """The path without links. Where they lead in a circle it stays as it is; Path.resolve raises RuntimeError."""
    return Path(os.path.realpath(path))


def _lines(path: Path) -> list[Path]:
    """The paths of a list file, one a line, relative to the file; # begins a comment."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "text that is not UTF-8"
        raise UnreadableInput(f"{path}: expected a list of paths, found {reason}") from error
    listed = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if not listed:
        raise UnreadableInput(f"{path}: expected one path a line, found none")
    return [path.parent / _at_home(line) for line in listed]


def _at_home(line: str) -> Path:
    """A listed path, ~ resolved where it names a user's home; a character that no path has is shown as ?."""
    path = Path(line.replace("\0", "?"))
    try:
        return path.expanduser()
    except RuntimeError:  # there is no such user
        return path
