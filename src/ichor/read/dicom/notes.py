"""What a person should know of a series by its headers: what was left out of it, and why, and how its slices lie."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ichor.read.dicom.header import Slice
from ichor.read.dicom.kinds import is_of_other_body_part, reasons_in_words
from ichor.read.dicom.series import Series
from ichor.read.dicom.stack import gaps, places_mm, turned_deg
from ichor.scan import sideways_mm

TURNED_DEG = 0.05  # what headers round to turns slices by less
# What says in a header that a pixel size is none that was measured. The header's own words are not repeated.
UNVERIFIED = re.compile(r"\b(nominal|unverified|assumed|estimated)\b", re.IGNORECASE)


def count(number: int, noun: str) -> str:
    """'1 slice', '2 slices'."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def notes_on_headers(series: Series, elsewhere: Sequence[tuple[Series, str]], *, sharp: bool) -> list[str]:
    """By its headers, one sentence each.

    `elsewhere` are series that show the rest of the head, and why they were not joined; `sharp` says whether it was
    reconstructed for bone or lung.
    """
    notes = [
        *_on_parts(series, elsewhere),
        *_on_uids(series),
        *_on_what_is_left_out(series),
        *_on_what_it_is(series.stack),
    ]
    if sharp:
        notes.append(
            "The series was reconstructed for bone or lung, by its kernel or its noise, and none for the brain can be "
            "read here."
        )
    return notes


def _on_parts(series: Series, elsewhere: Sequence[tuple[Series, str]]) -> list[str]:
    notes = []
    if series.parts:
        slices = " and ".join(str(len(part.stack)) for part in series.parts)
        notes.append(f"The head lies in {len(series.parts)} series, which were joined: {slices} slices.")
    if (overlap := sum(len(part.stack) for part in series.parts) - len(series.stack)) > 0 and series.parts:
        notes.append(f"{count(overlap, 'slice')} left out: where the joined series overlap, the lower one's are kept.")
    notes += [
        f"{count(len(other.stack), 'slice')} of another series seem to show the rest of the head and were not joined: "
        f"{apart}."
        for other, apart in elsewhere
    ]
    return notes


def _on_uids(series: Series) -> list[str]:
    notes = []
    if series.has_unique_uids:
        notes.append("Each file has a Series Instance UID of its own: alike as they are, they were read as one series.")
    elif series.uid is None:
        notes.append("The files have no Series Instance UID: those alike in their headers were read as one series.")
    instances = {(one.instance_uid, one.frame) for one in series.stack}
    if len(instances) < len(series.stack):
        notes.append(
            f"{len(series.stack)} slices share {count(len(instances), 'SOP Instance UID')}: no DICOM object can refer "
            "to one of them."
        )
    return notes


def _on_what_is_left_out(series: Series) -> list[str]:
    notes = []
    if series.separated_by is not None:
        left_out = len(series.groups[0]) + series.others - len(series.stack) - len(series.duplicates)
        notes.append(
            "the series holds more than one acquisition of the same part, told apart by "
            f"{series.separated_by}: {count(len(series.stack), 'slice')} kept, {left_out} left out."
        )
    if series.copies:
        notes.append(f"{count(series.copies, 'slice')} left out: the same SOP instance twice.")
    if series.rejected:
        notes.append(
            f"{count(len(series.rejected), 'image')} of the series left out: {reasons_in_words(series.rejected)}."
        )
    if others := sum(map(len, series.groups[1:])):
        notes.append(
            f"{count(others, 'slice')} of the series left out: of another size, orientation or "
            f"pixel size than the {len(series.groups[0])} of the biggest stack."
        )
    return notes


def _on_what_it_is(slices: Sequence[Slice]) -> list[str]:
    notes = []
    first = slices[0]
    implausible = [one for one in slices if one.stated_thickness_mm and one.thickness_mm is None]
    if implausible:
        notes.append(
            f"Slice Thickness of {implausible[0].stated_thickness_mm:g} mm is that of no slice: taken as unknown "
            f"({count(len(implausible), 'slice')})."
        )
    if rescale_incomplete := sum(one.rescale_incomplete for one in slices):
        notes.append(
            f"{count(rescale_incomplete, 'slice')} with only one of Rescale Slope and Intercept: the slope taken as 1, or the "
            "intercept as 0."
        )
    if first.calibration is not None:
        notes.append(
            "the pixel size is nominal and unverified, as the header says: lengths and volumes may be wrong."
            if UNVERIFIED.search(first.calibration)
            else "the pixel size was calibrated, as the header says."
        )
    if is_of_other_body_part(first):
        notes.append("the header names another part of the body than the head.")
    if first.contrast:
        though = ", though the series is called one without" if first.named_unenhanced else ""
        notes.append(f"the series was acquired with contrast agent, which looks like blood{though}.")
    return notes


def notes_on_places(slices: Sequence[Slice]) -> list[str]:
    """Where slices are missing between others, lie to the side of the others, or are turned against them."""
    places = places_mm(slices)
    notes = [
        f"about {count(missing, 'slice')} missing between slices {k + 1} and {k + 2}: "
        f"{places[k + 1] - places[k]:.1f} mm apart."
        for k, missing in gaps(places)
    ]
    shifted = sideways_mm(np.array([one.position for one in slices]), slices[0].normal)
    notes += [
        f"Slices {k + 2} and up lie {shifted[k]:.0f} mm to the side of those below: they were reconstructed about "
        "another centre, or the patient moved."
        for k in np.flatnonzero(shifted)
    ]
    turned = turned_deg(slices)
    if turned > TURNED_DEG:
        notes.append(f"Slices are turned against each other by up to {turned:.2f} degrees: each keeps its own place.")
    return notes
