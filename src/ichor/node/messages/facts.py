"""Whose study it is, and which: read from the study's own images when a message is written, and stored nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ichor.errors import UnreadableInput
from ichor.read.dicom.parsing import parse

# What must be the same in all images of a series: otherwise nobody knows whose it is.
_IDENTITY = ("StudyInstanceUID", "PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")
_OTHERS = (
    "PatientSex",
    "AccessionNumber",
    "PlacerOrderNumberImagingServiceRequest",
    "StudyDate",
    "StudyTime",
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The attributes of a study and its patient as DICOM has them; empty where the images do not say or disagree.

    Attributes:
        patient_name: up to three groups (alphabetic, ideographic, phonetic) separated by "=", each of five components
            separated by "^" (PS3.5 6.2.1).
        birth_date, study_date, study_time: digits, as in "19510203" and "141500".
        order: the number that the placer of the order gave it.
    """

    study_uid: str = ""
    patient_id: str = ""
    issuer: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sex: str = ""
    accession_number: str = ""
    order: str = ""
    study_date: str = ""
    study_time: str = ""


def facts_of(images: Path, files: Iterable[str], series_uids: Sequence[str]) -> StudyFacts:
    """What these files of a folder say, as far as they are of these series.

    Raises UnreadableInput if none of them is there, or if they are not all of one patient and study.
    """
    stated = [one for one in (_stated(images / file) for file in files) if one["SeriesInstanceUID"] in series_uids]
    if not stated:
        raise UnreadableInput("expected the images of the series that was screened, found none of them")
    for keyword in _IDENTITY:
        if len({one[keyword] for one in stated}) > 1:
            raise UnreadableInput(f"expected images that agree on {keyword}, found that they do not")
    agreed = {keyword: _agreed({one[keyword] for one in stated}) for keyword in (*_IDENTITY, *_OTHERS)}
    return StudyFacts(
        study_uid=agreed["StudyInstanceUID"],
        patient_id=agreed["PatientID"],
        issuer=agreed["IssuerOfPatientID"],
        patient_name=agreed["PatientName"],
        birth_date=_digits(agreed["PatientBirthDate"], 8),
        sex=agreed["PatientSex"],
        accession_number=agreed["AccessionNumber"],
        order=agreed["PlacerOrderNumberImagingServiceRequest"],
        study_date=_digits(agreed["StudyDate"], 8),
        study_time=_digits(agreed["StudyTime"].partition(".")[0], 6),
    )


def _stated(file: Path) -> dict[str, str]:
    keywords = ("SeriesInstanceUID", *_IDENTITY, *_OTHERS)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UnreadableInput(f"expected the images of the study, found {error.strerror or 'none'}") from error
    header = parse(content, keywords, with_pixels=False)  # as it was parsed before it was taken in
    return {keyword: _text(header, keyword) for keyword in keywords}


def _text(header: Any, keyword: str) -> str:
    """A value without control characters and padding; empty if it is missing or cannot be decoded."""
    try:
        return _CONTROL.sub(" ", str(header.get(keyword) or "")).strip()
    except Exception:  # pydicom raises errors of many types on access
        return ""


def _agreed(values: set[str]) -> str:
    return values.pop() if len(values) == 1 else ""


def _digits(value: str, n: int) -> str:
    """So many digits, without the separators of files from before 1993; empty for anything else."""
    digits = re.sub(r"[.:]", "", value)
    return digits if re.fullmatch(rf"\d{{{n}}}", digits) else ""
