"""Which scans lie at a path: what `ichor inspect` shows and `ichor screen` screens, one after the other.

1. A file is a scan; an archive is what it holds, by these same rules.
2. A ct-ich subject, a folder of JPG or PNG slices and one with a pair of videos are a scan each.
3. In any other folder each NIfTI, NRRD and MetaImage file is a scan, and so is what each archive holds and each
   subfolder, by these rules.
4. All DICOM files below a folder are taken together, wherever they lie: the files of one study of one patient are a
   scan, with all series of the study, since the reader chooses among these. It is called by the highest folder that
   holds nothing else; where there is none, by the folder that holds all of its files, and a number.
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
from ichor.read.base import Reader, ScanPath
from ichor.read.beside import header_of
from ichor.read.dicom.identity import Identity, by_person_and_study, identity_at
from ichor.read.walk import Walk

WHOLE_FOLDERS = ("ct_ich_jpg", "images", "video")  # readers of formats in which a folder is one scan
SINGLE_FILES = ("ct_ich_nifti", "nifti", "nrrd", "metaimage")  # in which a file is
DICOMDIR = "DICOMDIR"


def scans_here(path: Path, out: Path | None = None, series_uid: str | None = None) -> list[ScanPath]:
    """Every scan at a path, in the order of their places; the path itself where nothing fits.

    A folder `out` is no input. Where a series is asked for, only the scans that have it, if any has. It is done in this
    process, which files may hold up: `ichor.read.open.find_scans` has the one do it that reads.
    """
    if path.is_dir():
        return _Folder(path, out, series_uid).scans() or [ScanPath(path)]
    if path.name.upper() == DICOMDIR and path.is_file():
        folder = _Folder(path.parent, out, series_uid)
        inside = [one for one in folder.scans() if one not in folder.others and folder.dicom]
        return inside if len(inside) > 1 else [ScanPath(path)]
    return _in_archive(path, series_uid) if _accepted(path, ("archive",)) else [ScanPath(path)]


def _in_archive(path: Path, series_uid: str | None) -> list[ScanPath]:
    from ichor.read import archive

    try:
        return archive.scans(path, series_uid)
    except (UnreadableInput, OSError):  # reading it will say so
        return [ScanPath(path)]


@dataclass(slots=True)
class _Folder:
    """The scans below a folder.

    Attributes:
        dicom: the DICOM files, in order, each with its identity.
        others: all other scans.
        silent: folders with files and no scan in them.
    """

    root: Path
    out: Path | None
    series_uid: str | None
    dicom: dict[Path, Identity] = field(default_factory=dict)
    others: list[ScanPath] = field(default_factory=list)
    silent: list[Path] = field(default_factory=list)

    def scans(self) -> list[ScanPath]:
        out = None if self.out is None else os.path.realpath(self.out)
        self._look_into(self.root, Walk(self.root), out)
        studies = _studies(self.root, self.dicom, [one.path for one in self.others], self.series_uid)
        found = self.others + studies
        for folder in self.silent:
            # A folder that holds files but no scan is not passed over: reading it says why. One of a study's may.
            if folder != self.root and not any(folder.is_relative_to(study.path) for study in studies):
                found.append(ScanPath(folder))
        order = {one: k for k, one in enumerate(found)}
        return sorted(found, key=lambda one: (one.path.parts, order[one]))

    def _look_into(self, folder: Path, walk: Walk, out: str | None) -> bool:
        """Whether there is a scan in a folder; what there is is added."""
        if out is not None and os.path.realpath(folder) == out:
            return True
        if _accepted(folder, WHOLE_FOLDERS):
            self.others.append(ScanPath(folder))
            return True
        if not os.access(folder, os.R_OK | os.X_OK):  # reading it will say so
            self.others.append(ScanPath(folder))
            return True
        files, folders = walk.entries(folder)
        here = [self._take(file) for file in files]
        below = [self._look_into(one, walk, out) for one in folders]
        if not any(here) and not any(below) and files:
            self.silent.append(folder)
            return True
        return any(here) or any(below)

    def _take(self, file: Path) -> bool:
        """Whether a file is a scan, or part of one; it is added."""
        if (identity := _identity(file)) is not None:
            self.dicom[file] = identity
        elif _accepted(file, SINGLE_FILES):
            if header_of(file) in (None, file):  # of a pair the header stands for both
                self.others.append(ScanPath(file))
        elif _accepted(file, ("archive",)):
            self.others += _in_archive(file, self.series_uid)
        else:
            return False
        return True


def _identity(file: Path) -> Identity | None:
    if file.name.upper() == DICOMDIR:  # an index, of several patients perhaps
        return None
    try:
        return identity_at(file)
    except OSError:  # the reader says so of each file
        return None


def _studies(root: Path, dicom: dict[Path, Identity], others: Sequence[Path], series_uid: str | None) -> list[ScanPath]:
    """A scan for each study; a damaged file belongs to the study that another file of its folder does."""
    files = list(dicom)
    said = [file for file in files if dicom[file] != Identity()]
    numbers = dict(zip(said, by_person_and_study([dicom[file] for file in said]), strict=True))
    in_folder = {file.parent: numbers[file] for file in reversed(said)}
    studies: dict[int, list[Path]] = defaultdict(list)
    for file in files:
        number = numbers.get(file, in_folder.get(file.parent, next(iter(numbers.values()), 0)))
        studies[number].append(file)
    # A report whose patient was called otherwise by an anonymizer is no scan.
    with_images = {numbers[file] for file in said if dicom[file].is_image}
    studies = {number: of_study for number, of_study in studies.items() if number in with_images} or studies
    folders = _Holders(root)
    for number, of_study in studies.items():
        folders.add(of_study, number)
    for k, other in enumerate(others):
        folders.add([other], -1 - k)
    wanted = {numbers[one] for one in said if series_uid and dicom[one].series_uid == series_uid.encode()}
    return folders.name({number: studies[number] for number in studies if not wanted or number in wanted})


class _Holders:
    """Which scans each folder below a root holds files of."""

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
        """The place of each study, by the fourth rule."""
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
        return any(cast(Reader, import_module(f"ichor.read.{name}")).accepts(path) for name in readers)
    except OSError:  # a folder that may not be entered: reading it will say so
        return False
