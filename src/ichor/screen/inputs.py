"""Which scans a user means: paths, folders of studies and list files become single scans, each with a name.

The rule for a folder, from the first that fits:

1. A ct-ich subject, a folder of JPG or PNG slices and one with a pair of videos is one scan.
2. Of a folder that holds NIfTI files, zips or ct-ich subjects, each of these is a scan; so is each scan in
its
   other subfolders.
3. A folder with DICOM files in it is one scan, and so is one whose subfolders with DICOM are all of one
study:
   a study with its series is one scan, since the reader chooses the series. Of several studies, each
   subfolder is taken by this same rule.
4. Any other folder stands for its subfolders, by this same rule.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

from ichor.errors import UnreadableInput
from ichor.read.base import Reader

LIST_SUFFIX = ".txt"
SUFFIXES = re.compile(r"(\.nii\.gz|\.nii|\.zip|\.dcm|\.avi)$", re.IGNORECASE)
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 80


def find_scans(paths: Iterable[Path], out: Path) -> list[Path]:
    """Every scan that the paths stand for, in order and each once; the folder `out` is no input.

    A path in which nothing fits is kept as it is, so that reading it says why. Raises UnreadableInput for a
    list file that cannot be read or names nothing.
    """
    found: dict[Path, None] = {}
    for path in paths:
        for listed in _lines(path) if path.suffix.lower() == LIST_SUFFIX and path.is_file() else (path,):
            scans = list(_scans_in(listed, _resolved(out))) if listed.is_dir() else [listed]
            found.update(dict.fromkeys(scans or [listed]))
    return list(found)


def name_scans(paths: Iterable[Path], taken: dict[str, str] | None = None) -> dict[Path, str]:
    """A folder name for each scan: its own name in safe characters, with a hash of its path where two share
    it.

    `taken` are names already used by results of other runs, each with the hash of the path it was made from.
    """
    paths, taken = list(paths), taken or {}
    plain = {path: _safe(path) for path in paths}
    count = Counter(name.lower() for name in plain.values())
    named = {}
    for path, name in plain.items():
        shared = count[name.lower()] > 1 or (name in taken and taken[name] != path_sha256(path))
        named[path] = name_with_hash(path) if shared else name
    return named


def name_with_hash(path: Path) -> str:
    """The name of a scan that does not get its plain one: no scan at another path has it."""
    return f"{_safe(path)}-{path_sha256(path)[:8]}"


def path_sha256(path: Path) -> str:
    """A hash that stands for the path itself."""
    return hashlib.sha256(os.fsencode(_resolved(path))).hexdigest()


def input_sha256(path: Path, out: Path | None = None) -> str:
    """A hash of the path and of the names, sizes and times of its files: another hash, another input.

    Results in a folder `out` that lies inside the input are no part of it.
    """
    digest = hashlib.sha256(os.fsencode(_resolved(path)))
    results = None if out is None or _resolved(path) not in _resolved(out).parents else _resolved(out)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file() and not (results and _resolved(file).is_relative_to(results)):
            stat = file.stat()
            digest.update(b"\n" + os.fsencode(file.relative_to(path)))
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


def _scans_in(folder: Path, out: Path) -> Iterator[Path]:
    """The scans in a folder by the rule above; nothing where none fits."""
    if _resolved(folder) == out:
        return
    if _accepted(folder, ("ct_ich", "images", "video")):
        yield folder
        return
    try:
        children = sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    except OSError:  # a folder that may not be entered: reading it will say so
        yield folder
        return
    subfolders = [one for one in children if one.is_dir()]
    single = [one for one in children if _accepted(one, _SINGLE if one.is_file() else ("ct_ich",))]
    if not single and _is_one_dicom_scan(folder, subfolders):
        yield folder
        return
    for one in children:
        if one in single:
            yield one
        elif one.is_dir():
            inside = list(_scans_in(one, out))
            # A folder that holds files but no scan is not passed over in silence: reading it will say why.
            yield from inside or ([one] if _resolved(one) != out and _has_files(one) else [])


# Readers of a format in which one file is one scan.
_SINGLE = ("archive", "ct_ich_nifti", "nifti")


def _is_one_dicom_scan(folder: Path, subfolders: list[Path]) -> bool:
    if not _accepted(folder, ("dicom",)):
        return False
    # A DICOMDIR is an index, of several patients perhaps.
    files = (one for one in folder.iterdir() if one.is_file() and one.name.upper() != "DICOMDIR")
    if any(_accepted(file, ("dicom",)) for file in files):
        return True
    return len({_study(one) for one in subfolders if _accepted(one, ("dicom",))}) == 1


def _study(folder: Path) -> str | None:
    """The Study Instance UID of the first DICOM file that has one; it is compared, never shown."""
    from ichor.read.dicom.files import files_in, looks_like_dicom, study_uid

    return next((uid for file in filter(looks_like_dicom, files_in(folder)) if (uid := study_uid(file))), None)


def _accepted(path: Path, readers: tuple[str, ...]) -> bool:
    try:
        return any(cast(Reader, import_module(f"ichor.read.{name}")).accepts(path) for name in readers)
    except OSError:  # a folder that may not be entered: reading it will say so
        return False


def _has_files(folder: Path) -> bool:
    return any(one.is_file() and not one.name.startswith(".") for one in folder.iterdir())


def _safe(path: Path) -> str:
    name = UNSAFE.sub("_", SUFFIXES.sub("", _resolved(path).name)).strip("._-")
    return name[:LONGEST_NAME] or "scan"
