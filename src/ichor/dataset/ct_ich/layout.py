"""The layout of ct-ich 1.0.0: windowed slices and delineations as JPG of 650 x 650 pixels, and two tables.

    Patients_CT/NNN/brain/k.jpg           level 40, width 120; k starts at 1 for the lowest slice
    Patients_CT/NNN/brain/k_HGE_Seg.jpg   white for hemorrhage; only for slices with hemorrhage
    Patients_CT/NNN/bone/k.jpg            level 700, width 3200
    hemorrhage_diagnosis.csv, patient_demographics.csv

Hssayeni M. (2019), doi:10.13026/w8q8-ky94. `ichor.read.ct_ich_jpg` and `ichor.dataset.ct_ich.tables` read it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import BytesIO, StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ichor.dataset.ct_ich.tables import SliceRow, Subject
from ichor.read.ct_ich_jpg import MASK_ABOVE, SIZE
from ichor.subtypes import Subtype
from ichor.windows import BONE, BRAIN

IMAGES, SLICES, SUBJECTS = "Patients_CT", "hemorrhage_diagnosis.csv", "patient_demographics.csv"
IMAGE_QUALITY = 95  # the release has 75, which changes brain by several HU
MASK_QUALITIES = (75, 95, 100)  # the release's quality first

_SUBTYPES = [subtype.label for subtype in Subtype]
_SLICE_HEADER = ["PatientNumber", "SliceNumber", *_SUBTYPES, "No_Hemorrhage", "Fracture_Yes_No"]
_SUBJECT_HEADER = [
    *("Patient Number", "Age\n(years)", "Gender"),
    *_SUBTYPES,
    *("Fracture (Yes/No)", "Condition on file", "Note"),
]


def write_images(root: Path, subject: str, hu: NDArray[np.generic]) -> None:
    """Write a subject's slices, (n, 650, 650) HU in the radiological convention, in both windows."""
    for name, window in (("brain", BRAIN), ("bone", BONE)):
        folder = root / IMAGES / subject / name
        folder.mkdir(parents=True, exist_ok=True)
        for k, one in enumerate(hu, 1):
            gray = np.rint(window.gray(one)).astype(np.uint8)
            (folder / f"{k}.jpg").write_bytes(_jpeg(gray, IMAGE_QUALITY))


def write_masks(root: Path, subject: str, masks: NDArray[np.bool_]) -> None:
    """Write the non-empty delineations of the slices of (n, 650, 650); they are preserved pixel by pixel."""
    if masks.shape[1:] != SIZE:
        raise ValueError(f"expected masks of {SIZE} pixels, found {masks.shape[1:]}")
    folder = root / IMAGES / subject / "brain"
    folder.mkdir(parents=True, exist_ok=True)
    for k, mask in enumerate(masks, 1):
        if mask.any():
            (folder / f"{k}_HGE_Seg.jpg").write_bytes(_mask_jpeg(mask))


def write_tables(root: Path, slices: Iterable[SliceRow], subjects: Iterable[Subject]) -> None:
    """Write both tables as in the release: a byte-order mark before the first, 0 and 1, 1 and nothing."""
    rows = [
        [int(one.subject), one.number, *_flags(one.subtypes), int(one.no_hemorrhage), int(one.fracture)]
        for one in slices
    ]
    (root / SLICES).write_text(_table(_SLICE_HEADER, rows), encoding="utf-8-sig", newline="")
    people = [
        [
            *(int(one.number), f"{one.age_years:.9g}", one.sex),
            *("1" if flag else "" for flag in (*_flags(one.subtypes), one.fracture)),
            *(one.condition, one.note),
        ]
        for one in subjects
    ]
    (root / SUBJECTS).write_text(_table(_SUBJECT_HEADER, people), encoding="utf-8", newline="")


def _flags(subtypes: frozenset[Subtype]) -> list[int]:
    return [int(subtype in subtypes) for subtype in Subtype]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
    return text.getvalue()


def _mask_jpeg(mask: NDArray[np.bool_]) -> bytes:
    """The mask as JPEG with the release's quality, or the first better one that preserves every pixel."""
    gray = mask.astype(np.uint8) * np.uint8(255)
    for quality in MASK_QUALITIES:
        content = _jpeg(gray, quality)
        if np.array_equal(np.asarray(Image.open(BytesIO(content))) > MASK_ABOVE, mask):
            return content
    raise AssertionError("a mask was not preserved at a quality that changes pixels by only a few gray values")


def _jpeg(gray: NDArray[np.uint8], quality: int) -> bytes:
    content = BytesIO()
    Image.fromarray(gray).save(content, "JPEG", quality=quality)
    return content.getvalue()
