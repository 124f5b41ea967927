"""Warnings from the headers of a series: which slices were left out and why, and how the slices are arranged."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ichor.read.dicom.header import Slice
from ichor.read.dicom.kinds import is_of_other_body_part, reasons_in_words
from ichor.read.dicom.series import Series
from ichor.read.dicom.stack import gaps, places_mm, turned_deg
from ichor.scan import sideways_mm

TURNED_DEG = 0.05  # rounding in headers rotates slices by less
# Text in a header that means that the pixel size was not measured. It is not quoted.
UNVERIFIED = re.compile(r"\b(nominal|unverified|assumed|estimated)\b", re.IGNORECASE)


def count(number: int, noun: str) -> str:
    """'1 slice', '2 slices'."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def notes_on_headers(series: Series, elsewhere: Sequence[tuple[Series, str]], *, sharp: bool) -> list[str]:
    """Warnings from the headers, one sentence each.

    `elsewhere` are series that show the rest of the head, and why they were not joined; `sharp` states whether the
    series was reconstructed for bone or lung.
    """
    notes = [
        *_on_parts(series, elsewhere),
        *_on_uids(series),
        *_on_what_is_left_out(series),
        *_on_what_it_is(series.stack),
    ]
    if sharp:
        notes.append(
            "The series was reconstructed for bone or lung, according to its kernel or noise, and there is no readable "
            "series for the brain."
        )
    return notes


def _on_parts(series: Series, elsewhere: Sequence[tuple[Series, str]]) -> list[str]:
    notes = []
    if series.parts:
        slices = " and ".join(str(len(part.stack)) for part in series.parts)
        notes.append(f"The head is divided into {len(series.parts)} series, which were joined: {slices} slices.")
    if (overlap := sum(len(part.stack) for part in series.parts) - len(series.stack)) > 0 and series.parts:
        notes.append(
            f"{count(overlap, 'slice')} left out: where the joined series overlap, slices of the lower one are kept."
        )
    notes += [
        f"{count(len(other.stack), 'slice')} of another series seem to show the rest of the head and were not joined: "
        f"{apart}."
        for other, apart in elsewhere
    ]
    return notes


def _on_uids(series: Series) -> list[str]:
    notes = []
    if series.has_unique_uids:
        notes.append(
            "Each file has a different Series Instance UID: since their headers match, they were read as one series."
        )
    elif series.uid is None:
        notes.append("The files have no Series Instance UID: those with matching headers were read as one series.")
    instances = {(one.instance_uid, one.frame) for one in series.stack}
    if len(instances) < len(series.stack):
        notes.append(
            f"{len(series.stack)} slices share {count(len(instances), 'SOP Instance UID')}: DICOM objects cannot "
            "reference individual slices."
        )
    return notes


def _on_what_is_left_out(series: Series) -> list[str]:
    notes = []
    if series.separated_by is not None:
        left_out = len(series.groups[0]) + series.others - len(series.stack) - len(series.duplicates)
        notes.append(
            "The series contains more than one acquisition of the same part, distinguished by "
            f"{series.separated_by}: {count(len(series.stack), 'slice')} kept, {left_out} left out."
        )
    if series.copies:
        notes.append(f"{count(series.copies, 'slice')} left out: duplicates of the same SOP instance.")
    if series.rejected:
        notes.append(
            f"{count(len(series.rejected), 'image')} of the series left out: {reasons_in_words(series.rejected)}."
        )
    if others := sum(map(len, series.groups[1:])):
        notes.append(
            f"{count(others, 'slice')} of the series left out: their size, orientation or pixel "
            f"size differs from that of the largest stack, {len(series.groups[0])} slices."
        )
    return notes


def _on_what_it_is(slices: Sequence[Slice]) -> list[str]:
    notes = []
    first = slices[0]
    implausible = [one for one in slices if one.stated_thickness_mm and one.thickness_mm is None]
    if implausible:
        notes.append(
            f"Slice Thickness of {implausible[0].stated_thickness_mm:g} mm is implausible: treated as unknown "
            f"({count(len(implausible), 'slice')})."
        )
    if rescale_incomplete := sum(one.rescale_incomplete for one in slices):
        notes.append(
            f"{count(rescale_incomplete, 'slice')} with only one of Rescale Slope and Intercept: "
            "the slope is assumed to be 1, or the intercept 0."
        )
    if first.calibration is not None:
        notes.append(
            "The header states that the pixel size is nominal and unverified: lengths and volumes may be wrong."
            if UNVERIFIED.search(first.calibration)
            else "The header states that the pixel size was calibrated."
        )
    if is_of_other_body_part(first):
        notes.append("The header names a body part other than the head.")
    if first.contrast:
        though = ", although its name says non-contrast" if first.named_unenhanced else ""
        notes.append(f"The series was acquired with contrast agent, which resembles blood{though}.")
    return notes


def notes_on_places(slices: Sequence[Slice]) -> list[str]:
    """Warnings about missing slices, sideways shifts and rotations between slices."""
    places = places_mm(slices)
    notes = [
        f"About {count(missing, 'slice')} missing between slices {k + 1} and {k + 2}: "
        f"{places[k + 1] - places[k]:.1f} mm apart."
        for k, missing in gaps(places)
    ]
    shifted = sideways_mm(np.array([one.position for one in slices]), slices[0].normal)
    notes += [
        f"Slices from {k + 2} on are shifted {shifted[k]:.0f} mm sideways from those below: they were reconstructed "
        "about another center, or the patient moved."
        for k in np.flatnonzero(shifted)
    ]
    rotation = turned_deg(slices)
    if rotation > TURNED_DEG:
        notes.append(
            f"Slices are rotated relative to each other by up to {rotation:.2f} degrees: each keeps its own geometry."
        )
    return notes
