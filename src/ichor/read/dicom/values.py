"""The HU of a series as a whole: impossible values are rejected, certain errors corrected, suspicious ones reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read.dicom.bits import UndecodableError
from ichor.read.dicom.header import Slice
from ichor.read.dicom.notes import count
from ichor.read.dicom.pixels import AIR_HU, stored_images
from ichor.read.dicom.plausibility import every_few_pixels, why_not_ct
from ichor.read.dicom.series import Series
from ichor.read.hounsfield import lost_offset, wrapped

# There is air around and inside every head, and the head itself is soft tissue and bone.
AIR_BELOW_HU = -500
TISSUE_ABOVE_HU = -200
# Only Bits Stored, all allocated bits because those are too few, or Bits Stored with other bits set and ignored.
StoredIn = Literal["bits stored", "all bits", "masked"]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A slice with its pixels in HU, the lowest HU apart from padding, and whether its values were inverted.

    `wrong_sign` if the stored values fit the opposite of the header's sign better.
    """

    header: Slice
    hu: NDArray[Any]
    lowest_hu: float
    inverted: bool
    wrong_sign: bool
    stored_in: StoredIn


def with_sign_restored(series: Series) -> tuple[Series, list[str]]:
    """The series with signed values, if negative HU had wrapped around to the top of 16 bits; otherwise unchanged.

    The readable slice nearest the middle decides.
    """
    bare = {None, (1.0, 0.0)}
    if any(one.signed or one.bits_stored != 16 or one.rescale not in bare for one in series.stack):
        return series, []
    middle = len(series.stack) // 2
    nearest = sorted(range(len(series.stack)), key=lambda k: abs(k - middle))
    for _, stored in stored_images([series.stack[k] for k in nearest]):
        if not isinstance(stored, UndecodableError):
            if wrapped(stored.values.astype(np.uint16)) is None:
                return series, []
            break
    signed = {
        one: replace(one, signed=True) for one in (*series.stack, *(duplicate for duplicate, _ in series.duplicates))
    }
    duplicates = [(signed[duplicate], signed[kept]) for duplicate, kept in series.duplicates]
    note = "Negative HU were stored as unsigned numbers (64536 for -1000): they are read as signed."
    return replace(series, stack=[signed[one] for one in series.stack], duplicates=duplicates), [note]


def with_intercept_restored(images: list[Image]) -> tuple[list[Image], list[str]]:
    """The images in HU if their intercept was lost and is known for certain; otherwise unchanged."""
    rescales = {image.header.rescale for image in images}
    if min(image.lowest_hu for image in images) < 0 or not rescales <= {None, (1.0, 0.0)}:
        return images, []
    offset = lost_offset(every_few_pixels([np.maximum(image.hu, 0) for image in images]))
    if offset is None:
        return images, []
    note = f"{offset} had been added to the HU, without a Rescale Intercept to reverse it: {offset} was subtracted."
    restored = [
        replace(
            image,
            hu=np.maximum(image.hu - image.hu.dtype.type(offset), AIR_HU),
            lowest_hu=image.lowest_hu - offset,
            header=replace(image.header, rescale=(1.0, float(-offset))),
        )
        for image in images
    ]
    return restored, [note]


def notes_on_values(images: Sequence[Image], path: Path) -> list[str]:
    """Warnings about the values. Raises UnreadableInput if they cannot be the HU of a head."""
    notes = []
    marked = sum(image.header.photometric == "MONOCHROME1" for image in images)
    if any(image.inverted for image in images):
        notes.append(f"{count(marked, 'slice')} stored inverted (MONOCHROME1): the values were inverted back.")
    elif marked:
        notes.append(
            f"{count(marked, 'slice')} marked for inverted display (MONOCHROME1): the values themselves are HU."
        )
    bare = [image for image in images if image.header.rescale is None]
    if bare:
        low, high = min(image.lowest_hu for image in bare), _range(bare)[1]
        if low > AIR_BELOW_HU:
            raise UnreadableInput(
                f"{path}: expected Rescale Slope and Intercept, or stored values that are HU with air near "
                f"-1000; found neither, stored values from {low:g} to {high:g}"
            )
        notes.append(f"{count(len(bare), 'slice')} without Rescale Slope and Intercept: stored values are taken as HU.")
    if any(image.wrong_sign for image in images):
        other = "unsigned" if images[0].header.signed else "signed"
        notes.append(f"Stored values are more consistent as {other} numbers, contrary to the header: HU may be wrong.")
    low, high = _range(images)
    if high < TISSUE_ABOVE_HU:
        raise UnreadableInput(
            f"{path}: expected HU of a head (tissue above {TISSUE_ABOVE_HU}), found {low:g} to {high:g}"
        )
    in_bytes = all(image.header.bits_allocated == 8 for image in images)
    if (reason := why_not_ct([image.hu for image in images], in_bytes=in_bytes)) is not None:
        raise UnreadableInput(f"{path}: {reason}{_by_rescale(images)}")
    if low > AIR_BELOW_HU:
        notes.append(f"No air in the images: HU from {low:g} to {high:g}.")
    return notes


def _by_rescale(images: Sequence[Image]) -> str:
    """The rescale of the values, which may be the cause of the error."""
    stated = {image.header.rescale for image in images}
    if len(stated) > 1 or None in stated:
        return ""
    ((slope, intercept),) = (one for one in stated if one is not None)
    return f"; Rescale Slope is {slope:g} and Intercept {intercept:g}, one of which may be missing or wrong"


def notes_on_bits(images: Sequence[Image]) -> list[str]:
    """Warnings if Bits Stored was too small, or other bits were set."""
    notes = []
    first = images[0].header
    if widened := sum(image.stored_in == "all bits" for image in images):
        notes.append(
            f"Bits Stored ({first.bits_stored}) is too small for the brightest values of {count(widened, 'slice')}: "
            f"they were read from all {first.bits_allocated} bits."
        )
    if masked := sum(image.stored_in == "masked" for image in images):
        notes.append(
            f"{count(masked, 'slice')} with bits set beyond Bits Stored ({first.bits_stored}) that are not part of the "
            "values: they were ignored."
        )
    return notes


def _range(images: Sequence[Image]) -> tuple[float, float]:
    return float(min(image.hu.min() for image in images)), float(max(image.hu.max() for image in images))
