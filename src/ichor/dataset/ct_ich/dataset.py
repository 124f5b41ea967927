"""ct-ich with its labels and demographics: which subjects there are and what was said of each.

Hssayeni M. (2019), doi:10.13026/w8q8-ky94, CC BY 4.0. Releases 1.0.0 (JPG) and 1.3.1 (NIfTI, restricted license)
are both read; they hold the same facts under different file names and headers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case, Cases
from ichor.dataset.ct_ich.exclusions import FILE as EXCLUSIONS
from ichor.dataset.ct_ich.exclusions import exclusions, is_chronic_subject
from ichor.dataset.ct_ich.facts import FACTS
from ichor.dataset.ct_ich.folds import authors_folds
from ichor.dataset.ct_ich.tables import Row, SliceRow, Subject, Table, read_demographics, read_slice_table
from ichor.dataset.facts import Facts
from ichor.dataset.folds import Fold, strata_of
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, open_scan
from ichor.read.ct_ich_geometry import FILE as SIZES
from ichor.read.open import read_here
from ichor.scan import Scan
from ichor.subtypes import Subtype

# The subject whose scan is the demonstration. No shipped model is ever trained on it, so that what a newcomer
# sees is honest; a test holds every package under models/ to it. It lies in the authors' first test fold.
DEMONSTRATION_SUBJECT = "088"

SUBJECT_NUMBER = re.compile(r"\d{3}")


class CtIch:
    """The dataset in a folder, either release. Raises UnreadableInput where the folder holds neither."""

    parts: Mapping[str, CtIch] = {}

    def __init__(self, root: Path) -> None:
        self.root = root
        if (root / "Patients_CT").is_dir():
            self.release = "1.0.0"
            self.slice_table = root / "hemorrhage_diagnosis.csv"
            self.demographics_table = root / "patient_demographics.csv"
        elif (root / "ct_scans").is_dir():
            self.release = "1.3.1"
            self.slice_table = root / "hemorrhage_diagnosis_raw_ct.csv"
            self.demographics_table = root / "Patient_demographics.csv"
        else:
            raise UnreadableInput(
                f"{root}: expected the ct-ich dataset (Patients_CT of release 1.0.0 or ct_scans of 1.3.1), "
                "found neither"
            )
        for file in (self.slice_table, self.demographics_table):
            if not file.is_file():
                raise UnreadableInput(f"{file}: expected the dataset's table of that name, found none")

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The numbers of the subjects whose images are there, in order."""
        if self.release == "1.0.0":
            images = (f.name for f in (self.root / "Patients_CT").iterdir() if f.is_dir())
        else:
            images = (f.stem for f in (self.root / "ct_scans").glob("*.nii"))
        return tuple(sorted(name for name in images if SUBJECT_NUMBER.fullmatch(name)))

    @cached_property
    def slice_rows(self) -> dict[str, tuple[SliceRow, ...]]:
        """Each subject's slices from the lowest, as the table has them, without gaps.

        Raises UnreadableInput for a row amiss.
        """
        rows: dict[str, list[SliceRow]] = {}
        for row in _whole_table(read_slice_table(self.slice_table)):
            rows.setdefault(row.subject, []).append(row)
        for number, slices in rows.items():
            slices.sort(key=lambda row: row.number)
            first, last = slices[0].number, slices[-1].number
            if len(slices) != last - first + 1:
                raise UnreadableInput(
                    f"{self.slice_table}: expected subject {number}'s slices {first} to {last} without gaps, "
                    f"found {len(slices)} of {last - first + 1}"
                )
        return {number: tuple(slices) for number, slices in rows.items()}

    @cached_property
    def labels(self) -> dict[str, NDArray[np.bool_]]:
        """For each subject of the table, (n, 5) bool: the subtypes of each slice."""
        return {
            number: np.array([[subtype in row.subtypes for subtype in Subtype] for row in rows], bool)
            for number, rows in self.slice_rows.items()
        }

    @cached_property
    def demographics(self) -> dict[str, Subject]:
        """Each subject's row, of subjects without images too. Raises UnreadableInput for a row amiss."""
        return {row.number: row for row in _whole_table(read_demographics(self.demographics_table))}

    @cached_property
    def excluded_from_overlap(self) -> dict[str, str]:
        """The reason for each subject that no figure of overlap includes. Raises UnreadableInput for a row amiss."""
        return exclusions(self.root, self.demographics)

    @cached_property
    def fixed_folds(self) -> dict[str, tuple[Fold, ...]]:
        """The authors' five folds of the subjects that are here; a block may be empty."""
        return {"authors": authors_folds(self.subjects)}

    @property
    def facts(self) -> Facts:
        """What is known of the release."""
        return FACTS[self.release]

    def person(self, subject: str) -> str:
        """Each subject is a person of its own; those of ct-ich itself are the same in both releases."""
        return f"ct-ich:{subject}" if self._is_ct_ich else subject

    @cached_property
    def _is_ct_ich(self) -> bool:
        """Whether it has the row of ct-ich's subject 070, and so is no other dataset in its layout."""
        return any(map(is_chronic_subject, self.demographics.values()))

    def strata(self, subject: str) -> frozenset[int]:
        """The subtypes of the subject's slices. Raises UnreadableInput where the table does not have them."""
        self.require_rows(subject)
        return strata_of(self.labels[subject])

    def n_slices(self, subject: str) -> int:
        """The slices of the table. Raises UnreadableInput where the subject is missing from it."""
        self.require_rows(subject)
        return len(self.labels[subject])

    def age_years(self, subject: str) -> float:
        """The subject's age. Raises UnreadableInput where the demographics do not have it."""
        self.require_rows(subject)
        return self.demographics[subject].age_years

    def scan_path(self, subject: str) -> Path:
        """Where `open_scan` finds the subject."""
        if self.release == "1.0.0":
            return self.root / "Patients_CT" / subject
        return self.root / "ct_scans" / f"{subject}.nii"

    def scan(self, subject: str) -> Scan:
        """The subject's scan, read in a separate process."""
        return open_scan(self.scan_path(subject))

    def case(self, subject: str) -> Case:
        """The subject's scan, mask and labels. Raises UnreadableInput where they do not fit together."""
        return self._case(subject, _read)

    def truth(self, subject: str) -> Case:
        """The same for who needs no images: release 1.0.0 spares them, its voxels are all 0."""
        if self.release == "1.0.0":
            from ichor.read.ct_ich_jpg import read_grid

            return self._case(subject, read_grid)
        return self.case(subject)

    def _case(self, subject: str, read: Callable[[Path], Scan]) -> Case:
        if subject not in self.subjects:
            raise UnreadableInput(f"{self.root}: expected a subject of the dataset, found {subject!r}")
        path = self.scan_path(subject)
        mask = self.mask(subject)
        self.require_rows(subject)
        labels = self.labels[subject]
        if len(labels) != len(mask):
            raise UnreadableInput(f"{path}: expected {len(labels)} slices by the table, found {len(mask)}")
        by_table, there = self.slice_rows[subject][0].number, self._lowest_slice(subject)
        if by_table != there:
            raise UnreadableInput(f"{path}: expected slices from number {by_table} by the table, found from {there}")
        return Case(subject, read(path), mask, labels, self.excluded_from_overlap.get(subject, ""))

    def _lowest_slice(self, subject: str) -> int:
        """The number of the subject's lowest slice; release 1.0.0 may be there in part."""
        if self.release == "1.0.0":
            from ichor.read.ct_ich_jpg import slice_numbers

            return slice_numbers(self.scan_path(subject))[0]
        return 1

    def mask(self, subject: str) -> NDArray[np.bool_]:
        """(n, rows, columns), the subject's delineation. Raises UnreadableInput where it cannot be read."""
        if self.release == "1.0.0":
            from ichor.read.ct_ich_jpg import read_mask

            return read_mask(self.scan_path(subject))
        from ichor.read.ct_ich_nifti import read_mask as read_nifti_mask

        return read_nifti_mask(self.scan_path(subject))

    def delineated_slices(self, subject: str) -> frozenset[int]:
        """The numbers (from 1) of the slices with a delineation: by the files of 1.0.0, by the voxels of 1.3.1."""
        if self.release == "1.0.0":
            from ichor.read.ct_ich_jpg import mask_numbers

            return frozenset(mask_numbers(self.scan_path(subject)))
        return frozenset((np.flatnonzero(self.mask(subject).any(axis=(1, 2))) + 1).tolist())

    def require_rows(self, subject: str) -> None:
        """Raise UnreadableInput where the subject is missing from either table."""
        for table, rows in ((self.slice_table, self.slice_rows), (self.demographics_table, self.demographics)):
            if subject not in rows:
                raise UnreadableInput(f"{table}: expected rows of subject {subject}, found none")

    def cases(self, subjects: Iterable[str]) -> Cases:
        """The cases of these subjects, read when they are asked for."""
        return Cases(tuple(subjects), self.case)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names and contents of all images and tables: two equal datasets have the same.

        Over the true sizes and the exclusions too, where the dataset has such files.
        """
        digest = hashlib.sha256()
        images = self.root / ("Patients_CT" if self.release == "1.0.0" else "ct_scans")
        files = [*images.rglob("*"), *(self.root / "masks").rglob("*"), self.slice_table, self.demographics_table]
        files += [self.root / SIZES, self.root / EXCLUSIONS]
        for file in sorted(f for f in files if f.is_file()):
            digest.update(file.relative_to(self.root).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()


def _whole_table(table: Table[Row]) -> tuple[Row, ...]:
    if table.problems:
        raise UnreadableInput(table.problems[0])
    return table.rows


def _read(path: Path) -> Scan:
    """A scan of the dataset, in this process: a copy that was checked is no stranger's, and is read over and over."""
    return read_here(path, ReadOptions())
