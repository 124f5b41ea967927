"""Finding the scans at a path, for `ichor inspect` and `ichor screen`.

1. A file is a scan; an archive is searched by these same rules.
2. A ct-ich subject, a folder of JPG or PNG slices, and a folder with a pair of videos are one scan each.
3. In any other folder, each NIfTI, NRRD and MetaImage file is a scan, and each archive and subfolder is searched
   by these rules.
4. All DICOM files below a folder are considered together, wherever they are: the files of one study of one patient
   are one scan, with all series of the study, since the reader chooses among these. The scan is named after the
   highest folder that contains nothing else; if there is none, after the folder that contains all of its files, and
   a number.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import cast

from ichor.errors import UnreadableInput
from ichor.read.base import FormatReader, ScanPath
from ichor.read.dicom.identity import Identity, by_patient_and_study, identity_at
from ichor.read.paired_files import header_of
from ichor.read.unpacked import scans_in
from ichor.read.walk import Walk

WHOLE_FOLDERS = ("ct_ich_jpg", "images", "video")  # formats in which a folder is one scan
SINGLE_FILES = ("ct_ich_nifti", "nifti", "nrrd", "metaimage")  # formats in which a file is one scan
DICOMDIR = "DICOMDIR"


def scans_here(path: Path, out: Path | None = None, series_uid: str | None = None) -> list[ScanPath]:
    """Every scan at a path, sorted by path; the path itself if nothing is found.

    The folder `out` is skipped. If a series is given, only the scans that contain it are returned, provided that any
    does. Runs in this process, which files may block: `ichor.read.open.find_scans` runs it in the reading process.
    """
    if path.is_dir():
        return _Folder(path, out, series_uid).scans() or [ScanPath(path)]
    if path.name.upper() == DICOMDIR and path.is_file():
        folder = _Folder(path.parent, out, series_uid)
        inside = [one for one in folder.scans() if one not in folder.others and folder.dicom]
        return inside if len(inside) > 1 else [ScanPath(path)]
    return _in_archive(path, series_uid) if _accepted(path, ("archive",)) else [ScanPath(path)]


def _in_archive(path: Path, series_uid: str | None) -> list[ScanPath]:
    try:
        return scans_in(path, scans_here, series_uid)
    except (UnreadableInput, OSError):  # reading the archive will report it
        return [ScanPath(path)]


@dataclass(slots=True)
class _Folder:
    """The scans below a folder.

    Attributes:
        dicom: the DICOM files, in order, each with its identity.
        others: all other scans.
        without_scan: folders that contain files but no scan.
    """

    root: Path
    out: Path | None
    series_uid: str | None
    dicom: dict[Path, Identity] = field(default_factory=dict)
    others: list[ScanPath] = field(default_factory=list)
    without_scan: list[Path] = field(default_factory=list)

    def scans(self) -> list[ScanPath]:
        out = None if self.out is None else os.path.realpath(self.out)
        self._look_into(self.root, Walk(self.root), out)
        studies = _studies(self.root, self.dicom, [one.path for one in self.others], self.series_uid)
        found = self.others + studies
        for folder in self.without_scan:
            # A folder with files but no scan is kept, so that reading it reports why, unless it is part of a study.
            if folder != self.root and not any(folder.is_relative_to(study.path) for study in studies):
                found.append(ScanPath(folder))
        order = {one: k for k, one in enumerate(found)}
        return sorted(found, key=lambda one: (one.path.parts, order[one]))

    def _look_into(self, folder: Path, walk: Walk, out: str | None) -> bool:
        """Add the scans in a folder, and return whether there are any."""
        if out is not None and os.path.realpath(folder) == out:
            return True
        if _accepted(folder, WHOLE_FOLDERS):
            self.others.append(ScanPath(folder))
            return True
        if not os.access(folder, os.R_OK | os.X_OK):  # reading it will report this
            self.others.append(ScanPath(folder))
            return True
        files, folders = walk.entries(folder)
        here = [self._take(file) for file in files]
        below = [self._look_into(one, walk, out) for one in folders]
        if not any(here) and not any(below) and files:
            self.without_scan.append(folder)
            return True
        return any(here) or any(below)

    def _take(self, file: Path) -> bool:
        """Add a file if it is a scan or part of one, and return whether it is."""
        if (identity := _identity(file)) is not None:
            self.dicom[file] = identity
        elif _accepted(file, SINGLE_FILES):
            if header_of(file) in (None, file):  # the header represents a pair
                self.others.append(ScanPath(file))
        elif _accepted(file, ("archive",)):
            self.others += _in_archive(file, self.series_uid)
        else:
            return False
        return True


def _identity(file: Path) -> Identity | None:
    if file.name.upper() == DICOMDIR:  # an index, possibly of several patients
        return None
    try:
        return identity_at(file)
    except OSError:  # the reader reports each such file
        return None


def _studies(root: Path, dicom: dict[Path, Identity], others: Sequence[Path], series_uid: str | None) -> list[ScanPath]:
    """A scan for each study; a damaged file is assigned to the study of the other files in its folder."""
    files = list(dicom)
    identified = [file for file in files if dicom[file] != Identity()]
    numbers = dict(zip(identified, by_patient_and_study([dicom[file] for file in identified]), strict=True))
    in_folder = {file.parent: numbers[file] for file in reversed(identified)}
    studies: dict[int, list[Path]] = defaultdict(list)
    for file in files:
        number = numbers.get(file, in_folder.get(file.parent, next(iter(numbers.values()), 0)))
        studies[number].append(file)
    # A report is not a scan, even if an anonymizer gave its patient another name.
    with_images = {numbers[file] for file in identified if dicom[file].is_image}
    studies = {number: of_study for number, of_study in studies.items() if number in with_images} or studies
    folders = _ScansByFolder(root)
    for number, of_study in studies.items():
        folders.add(of_study, number)
    for k, other in enumerate(others):
        folders.add([other], -1 - k)
    wanted = {numbers[one] for one in identified if series_uid and dicom[one].series_uid == series_uid.encode()}
    return folders.name({number: studies[number] for number in studies if not wanted or number in wanted})


class _ScansByFolder:
    """The scans that have files in each folder below a root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scans: dict[Path, set[int]] = defaultdict(set)

    def add(self, files: Sequence[Path], number: int) -> None:
        for folder in {file.parent for file in files}:
            one = folder
            while number not in self._scans[one]:
                self._scans[one].add(number)
                if one == self.root:
                    break
                one = one.parent

    def name(self, studies: dict[int, list[Path]]) -> list[ScanPath]:
        """Where each study is stored, by rule 4."""
        found = []
        shared: dict[Path, int] = defaultdict(int)
        for number, files in studies.items():
            folder = Path(os.path.commonpath({file.parent for file in files}))
            alone = [one for one in (folder, *folder.parents) if self._scans.get(one) == {number}]
            if alone:
                found.append(ScanPath(alone[-1]))
                continue
            label = ""
            if any(other >= 0 and other != number for other in self._scans[folder]):
                shared[folder] += 1
                label = str(shared[folder])
            found.append(ScanPath(folder, tuple(file.relative_to(folder).as_posix() for file in files), label))
        return found


def _accepted(path: Path, readers: Sequence[str]) -> bool:
    try:
        return any(cast(FormatReader, import_module(f"ichor.read.{name}")).accepts(path) for name in readers)
    except OSError:  # a folder without permission: reading it will report this
        return False
