"""The patient of a scan, according to its files: only for reports of users who request it.

`patient_key` tells whether two scans are of one patient without saying whose they are.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read.base import ScanPath, printable
from ichor.scan import Scan

MAX_NAME_LENGTH = 200  # in a report; a value may have 64 characters in each of three scripts (PS3.5 6.2)
DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")  # with periods in files from before 1993


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient's name and dates; None if the files do not state them, or disagree."""

    name: str | None = None
    birth_date: str | None = None
    study_date: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose a study is, for people who work on it; None for what the file does not state.

    Attributes:
        name, id, accession: Patient's Name, Patient ID and Accession Number.
        birth_date, study_date: in the form 2024-02-29.
        sex: M, F or O.
        age: Patient's Age as DICOM writes it, such as 072Y.
    """

    name: str | None = None
    id: str | None = None
    accession: str | None = None
    birth_date: str | None = None
    study_date: str | None = None
    sex: str | None = None
    age: str | None = None


# In the order of their tags.
IDENTITY = (
    *("SpecificCharacterSet", "StudyDate", "AccessionNumber"),
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge"),
)


def identity_in(content: bytes) -> Identity:
    """Whose a study is, according to one of its DICOM files, of which the beginning is enough.

    Of a file that cannot be read, nothing is known.
    """
    from ichor.read.dicom.parsing import parse_beginning, quietly

    with quietly():
        try:
            header = parse_beginning([content], IDENTITY)
        except Exception:  # pydicom raises errors of many types
            return Identity()
        return Identity(
            name=_name(header),
            id=_short(header, "PatientID"),
            accession=_short(header, "AccessionNumber"),
            birth_date=_date(header, "PatientBirthDate"),
            study_date=_date(header, "StudyDate"),
            sex=_short(header, "PatientSex"),
            age=_short(header, "PatientAge"),
        )


def patient_of(scan: Scan, files: Sequence[str] = ()) -> Patient:
    """The patient of a scan, from the DICOM files that it was read from; `files` if the path holds others too.

    All None for other formats, and if the files are no longer there.
    """
    from ichor.read import reading

    if not scan.source.instance_uids:
        return Patient()
    try:
        return Patient(**reading.patient(scan.source, files))
    except (UnreadableInput, TypeError):
        return Patient()


def patient_key(
    place: ScanPath, study_uid: str, series_uids: Sequence[str], secret: str
) -> tuple[str | None, str | None]:
    """A keyed hash of the patient's ID and date of birth, and the study's date and time as digits.

    The hash is None without an ID, the time without a date, and either if the files disagree. Raises UnreadableInput if
    there are no files.
    """
    from ichor.read import reading

    found = reading.patient_key(place, study_uid, series_uids, secret)
    return found["key"], found["when"]


def patient_key_here(
    path: Path, files: Sequence[str], study_uid: str, series_uids: Sequence[str], secret: str
) -> dict[str, str | None]:
    """For the reading process: `key` and `when` of `patient_key`."""
    from ichor.read.dicom.parsing import quietly
    from ichor.read.dicom.source import files_at, header_of

    keys: list[str | None] = []
    times: list[str | None] = []
    with files_at(path, files) as found, quietly():
        for header in filter(None, map(header_of, found)):
            series = _text(header, "SeriesInstanceUID")
            if _text(header, "StudyInstanceUID") != study_uid or (series_uids and series not in series_uids):
                continue
            patient, date = _text(header, "PatientID"), _date(header, "StudyDate")
            said = "\n".join([patient, _text(header, "IssuerOfPatientID"), _date(header, "PatientBirthDate") or ""])
            keys.append(hmac.new(secret.encode(), said.encode(), "sha256").hexdigest() if patient else None)
            time = re.sub(r"\D", "", _text(header, "StudyTime").partition(".")[0])
            times.append(date and date.replace("-", "") + time.ljust(6, "0"))
    return {"key": _agreed(keys), "when": _agreed(times)}


def patient_here(
    path: Path, files: Sequence[str], study_uid: str | None, series_uids: Sequence[str], instance_uids: Sequence[str]
) -> dict[str, str | None]:
    """For the reading process: the same, as keyword arguments of `Patient`."""
    from ichor.read.dicom.parsing import quietly
    from ichor.read.dicom.source import files_at, header_of

    stated: list[tuple[str | None, str | None, str | None]] = []
    wanted = set(instance_uids)
    with files_at(path, files) as found, quietly():
        for header in filter(None, map(header_of, found)):
            uids = [_text(header, key) for key in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")]
            if uids[0] in wanted and uids[1] == (study_uid or "") and (not series_uids or uids[2] in series_uids):
                stated.append((_name(header), _date(header, "PatientBirthDate"), _date(header, "StudyDate")))
    names, births, studies = zip(*stated, strict=True) if stated else ((), (), ())
    return {"name": _agreed(names), "birth_date": _agreed(births), "study_date": _agreed(studies)}


def _agreed(values: Sequence[str | None]) -> str | None:
    """The value that all files share."""
    return values[0] if len(set(values)) == 1 else None


def _name(header: Any) -> str | None:
    """The name as written, its components separated by spaces."""
    parts = re.split(r"[\^=\s]+", printable(_text(header, "PatientName")))
    return " ".join(filter(None, parts))[:MAX_NAME_LENGTH] or None


def _date(header: Any, keyword: str) -> str | None:
    """A date in the form 2024-02-29; None if it is invalid."""
    found = DATE.fullmatch(_text(header, keyword))
    return "-".join(found.groups()) if found else None


def _short(header: Any, keyword: str) -> str | None:
    return printable(_text(header, keyword))[:MAX_NAME_LENGTH] or None


def _text(header: Any, keyword: str) -> str:
    try:
        return str(header.get(keyword) or "").strip()
    except Exception:  # pydicom raises errors of many types on access
        return ""
