"""What identifies a study, and how it was acquired, for a validation on a site's own scans, which asks for it.

`keys_of` finds the row of a scan in the user's own table; `acquisition_of` sorts scans into groups. Nothing of either
enters a log or a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read.base import ScanPath, printable
from ichor.read.dicom.technical import KERNEL, known

MOST_LETTERS = 64


@dataclass(frozen=True, slots=True)
class Keys:
    """What names a study; None where its files do not say.

    Attributes:
        study_uid: Study Instance UID.
        accession: Accession Number.
        patient: Patient ID.
    """

    study_uid: str | None = field(default=None, repr=False)
    accession: str | None = field(default=None, repr=False)
    patient: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """How a series was acquired, and of whom; None where its files do not say.

    Attributes:
        scanner: manufacturer and model.
        kernel: the convolution kernel, if it is one of the known names, otherwise "other".
        contrast: yes or no.
        age: as DICOM writes it, such as 072Y.
        sex: M, F or O.
        patient: Patient ID.
    """

    scanner: str | None = None
    kernel: str | None = None
    contrast: str | None = None
    age: str | None = field(default=None, repr=False)
    sex: str | None = field(default=None, repr=False)
    patient: str | None = field(default=None, repr=False)


def keys_of(place: ScanPath) -> Keys:
    """What names the study of a scan; nothing for a scan that is not from DICOM or cannot be read."""
    from ichor.read import reading

    try:
        found = reading.acquisition(place, ())
    except UnreadableInput:
        return Keys()
    return Keys(found.get("study_uid"), found.get("accession"), found.get("patient"))


def acquisition_of(place: ScanPath, series_uids: Sequence[str]) -> Acquisition:
    """How the scan that was read from these series was acquired; nothing if its files cannot be read."""
    from ichor.read import reading

    try:
        found = reading.acquisition(place, series_uids)
    except UnreadableInput:
        return Acquisition()
    names = ("scanner", "kernel", "contrast", "age", "sex", "patient")
    return Acquisition(*(found.get(name) for name in names))


def acquisition_here(path: Path, files: Sequence[str], series_uids: Sequence[str]) -> dict[str, str | None]:
    """For the reading process: both, from the first file of these series, or of any if none are given."""
    from ichor.read.dicom.header import slices_of
    from ichor.read.dicom.parsing import quietly
    from ichor.read.dicom.source import files_at, header_of

    with files_at(path, files) as found, quietly():
        for file in found:
            header = header_of(file)
            if header is None or (series_uids and _text(header, "SeriesInstanceUID") not in series_uids):
                continue
            first = slices_of(header, file, file.stat().st_size)[0]
            scanner = " ".join(filter(None, (_text(header, "Manufacturer"), _text(header, "ManufacturerModelName"))))
            return {
                "study_uid": _text(header, "StudyInstanceUID"),
                "accession": _text(header, "AccessionNumber"),
                "patient": _text(header, "PatientID"),
                "scanner": scanner[:MOST_LETTERS] or None,
                "kernel": known(first.kernel, KERNEL) or None,
                "contrast": "yes" if first.contrast else "no",
                "age": _text(header, "PatientAge"),
                "sex": _text(header, "PatientSex"),
            }
    return {}


def _text(header: Any, keyword: str) -> str | None:
    try:
        text = printable(str(header.get(keyword) or "").strip())
    except Exception:  # pydicom raises errors of many types on access
        return None
    return text[:MOST_LETTERS] or None
