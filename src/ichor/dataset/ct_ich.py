"""ct-ich with its labels and demographics: which subjects there are and what was said of each.

Hssayeni M. (2019), doi:10.13026/w8q8-ky94, CC BY 4.0. Releases 1.0.0 (JPG) and 1.3.1 (NIfTI, restricted licence)
are both read; they hold the same facts under different file names and headers.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case, Cases
from ichor.errors import UnreadableInput
from ichor.read import open_scan
from ichor.subtypes import Subtype

# The subject whose scan is the demonstration. No model that ships is ever trained on it, so that what a newcomer
# sees is honest; a test holds every package under models/ to it. It lies in the authors' first test fold.
DEMONSTRATION_SUBJECT = "088"


@dataclass(frozen=True, slots=True)
class Subject:
    """One row of the demographics: age in years, sex as written, the radiologists' condition on file."""

    number: str
    age_years: float
    sex: str
    condition: str


class CtIch:
    """The dataset in a folder, either release. Raises UnreadableInput where the folder holds neither."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if (root / "Patients_CT").is_dir():
            self.release = "1.0.0"
            self._slices = root / "hemorrhage_diagnosis.csv"
            self._demographics = root / "patient_demographics.csv"
        elif (root / "ct_scans").is_dir():
            self.release = "1.3.1"
            self._slices = root / "hemorrhage_diagnosis_raw_ct.csv"
            self._demographics = root / "Patient_demographics.csv"
        else:
            raise UnreadableInput(
                f"{root}: expected the ct-ich dataset (Patients_CT of release 1.0.0 or ct_scans of 1.3.1), "
                "found neither"
            )
        for file in (self._slices, self._demographics):
            if not file.is_file():
                raise UnreadableInput(f"{file}: expected the dataset's table of that name, found none")

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The numbers of the subjects whose images are there, in order."""
        if self.release == "1.0.0":
            return tuple(sorted(f.name for f in (self.root / "Patients_CT").iterdir() if f.is_dir()))
        return tuple(sorted(f.stem for f in (self.root / "ct_scans").glob("*.nii")))

    @cached_property
    def labels(self) -> dict[str, NDArray[np.bool_]]:
        """For each subject of the table, (n, 5) bool: the subtypes of each slice."""
        rows: dict[str, dict[int, list[bool]]] = {}
        for row in _read_table(self._slices):
            number = _subject_number(_column(row, "patientnumber"))
            k = int(_column(row, "slicenumber"))
            rows.setdefault(number, {})[k] = [_column(row, s.label.lower()) == "1" for s in Subtype]
        labels = {}
        for number, slices in rows.items():
            if sorted(slices) != list(range(1, len(slices) + 1)):
                raise UnreadableInput(
                    f"{self._slices}: expected subject {number}'s slices to be numbered 1 to {len(slices)}, "
                    f"found {min(slices)} to {max(slices)}"
                )
            labels[number] = np.array([slices[k] for k in sorted(slices)], bool)
        return labels

    @cached_property
    def demographics(self) -> dict[str, Subject]:
        """Each subject's age, sex and condition."""
        table = {}
        for row in _read_table(self._demographics):
            if not _column(row, "patientnumber"):
                continue
            number = _subject_number(_column(row, "patientnumber"))
            table[number] = Subject(
                number=number,
                age_years=float(_column(row, "age")),
                sex=_column(row, "gender"),
                condition=_column(row, "condition"),
            )
        return table

    def scan_path(self, subject: str) -> Path:
        """Where `open_scan` finds the subject."""
        if self.release == "1.0.0":
            return self.root / "Patients_CT" / subject
        return self.root / "ct_scans" / f"{subject}.nii"

    def case(self, subject: str) -> Case:
        """The subject's scan, mask and labels. Raises UnreadableInput where they do not fit together."""
        if subject not in self.subjects:
            raise UnreadableInput(f"{self.root}: expected a subject of the dataset, found {subject!r}")
        path = self.scan_path(subject)
        if self.release == "1.0.0":
            from ichor.read.ct_ich import read_mask

            mask = read_mask(path)
        else:
            from ichor.read.ct_ich_nifti import read_mask as read_nifti_mask

            mask = read_nifti_mask(path)
        for table, rows in ((self._slices, self.labels), (self._demographics, self.demographics)):
            if subject not in rows:
                raise UnreadableInput(f"{table}: expected rows of subject {subject}, found none")
        labels = self.labels[subject]
        if len(labels) != len(mask):
            raise UnreadableInput(f"{path}: expected {len(labels)} slices by the table, found {len(mask)}")
        return Case(subject, open_scan(path), mask, labels)

    def cases(self, subjects: Iterable[str]) -> Cases:
        """The cases of these subjects, read when they are asked for."""
        return Cases(tuple(subjects), self.case)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names and contents of all images and tables: two equal datasets have the same."""
        digest = hashlib.sha256()
        images = self.root / ("Patients_CT" if self.release == "1.0.0" else "ct_scans")
        files = [*images.rglob("*"), *(self.root / "masks").rglob("*"), self._slices, self._demographics]
        for file in sorted(f for f in files if f.is_file()):
            digest.update(file.relative_to(self.root).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()


def _read_table(file: Path) -> list[dict[str, str]]:
    """Rows by header; headers lose their byte-order mark, line breaks, spaces and case."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.reader(lines)
        header = ["".join(c for c in name.lower() if c.isalnum()) for name in next(reader)]
        return [dict(zip(header, (cell.strip() for cell in row), strict=False)) for row in reader if any(row)]


def _column(row: dict[str, str], name: str) -> str:
    """The cell under `name`: release 1.3.1 puts words before it, the demographics put units behind it."""
    for fits in (str.__eq__, str.startswith, str.endswith):
        for header, cell in row.items():
            if fits(header, name):
                return cell
    raise UnreadableInput(f"expected a column named like {name!r}, found {', '.join(row)}")


def _subject_number(cell: str) -> str:
    return f"{int(float(cell)):03d}"
