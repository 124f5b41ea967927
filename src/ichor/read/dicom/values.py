"""The HU of a series as a whole: what can be none is refused, what is certain is mended, and what is odd is told."""

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

# Around and inside every head there is air, and the head itself is soft tissue and bone.
AIR_BELOW_HU = -500
TISSUE_ABOVE_HU = -200
# Bits Stored alone, all bits since those cannot hold the values, or Bits Stored with others set beside them.
StoredIn = Literal["its bits", "all bits", "some bits"]


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """A slice with its pixels in HU, the lowest of them that is not padding, whether its values were inverted.

    `wrong_sign` where another sign than the header's would fit its stored values better.
    """

    header: Slice
    hu: NDArray[Any]
    lowest_hu: float
    inverted: bool
    wrong_sign: bool
    stored_in: StoredIn


def with_sign_restored(series: Series) -> tuple[Series, list[str]]:
    """The series with its values as signed, where HU below 0 went round to the top of 16 bits; else as it is.

    The readable slice nearest the middle tells.
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
    told = "HU below 0 were stored as numbers without a sign (64536 for -1000): read with their sign."
    return replace(series, stack=[signed[one] for one in series.stack], duplicates=duplicates), [told]


def with_intercept_restored(images: list[Image]) -> tuple[list[Image], list[str]]:
    """The images in HU where their intercept was lost and it is certain which one it was; else as they are."""
    rescales = {image.header.rescale for image in images}
    if min(image.lowest_hu for image in images) < 0 or not rescales <= {None, (1.0, 0.0)}:
        return images, []
    offset = lost_offset(every_few_pixels([np.maximum(image.hu, 0) for image in images]))
    if offset is None:
        return images, []
    told = f"HU with {offset} added, and no Rescale Intercept to take it off: {offset} was subtracted."
    restored = [
        replace(
            image,
            hu=np.maximum(image.hu - image.hu.dtype.type(offset), AIR_HU),
            lowest_hu=image.lowest_hu - offset,
            header=replace(image.header, rescale=(1.0, float(-offset))),
        )
        for image in images
    ]
    return restored, [told]


def notes_on_values(images: Sequence[Image], path: Path) -> list[str]:
    """Raises UnreadableInput for values that cannot be HU of a head."""
    notes = []
    marked = sum(image.header.photometric == "MONOCHROME1" for image in images)
    if any(image.inverted for image in images):
        notes.append(f"{count(marked, 'slice')} stored inverted (MONOCHROME1): values were turned back.")
    elif marked:
        notes.append(f"{count(marked, 'slice')} to be shown inverted (MONOCHROME1): values are HU as they are.")
    bare = [image for image in images if image.header.rescale is None]
    if bare:
        low, high = min(image.lowest_hu for image in bare), _range(bare)[1]
        if low > AIR_BELOW_HU:
            raise UnreadableInput(
                f"{path}: expected Rescale Slope and Intercept, or stored values that are HU with air near "
                f"-1000; found neither, stored values from {low:g} to {high:g}"
            )
        notes.append(f"{count(len(bare), 'slice')} without Rescale Slope and Intercept: stored values taken as HU.")
    if any(image.wrong_sign for image in images):
        other = "unsigned" if images[0].header.signed else "signed"
        notes.append(
            f"Stored values fit each other better as {other} numbers than as the header has them: HU may be wrong."
        )
    low, high = _range(images)
    if high < TISSUE_ABOVE_HU:
        raise UnreadableInput(
            f"{path}: expected HU of a head (tissue above {TISSUE_ABOVE_HU}), found {low:g} to {high:g}"
        )
    in_bytes = all(image.header.bits_allocated == 8 for image in images)
    if (reason := why_not_ct([image.hu for image in images], in_bytes=in_bytes)) is not None:
        raise UnreadableInput(f"{path}: {reason}{_by_rescale(images)}")
    if low > AIR_BELOW_HU:
        notes.append(f"no air in the images: HU from {low:g} to {high:g}.")
    return notes


def _by_rescale(images: Sequence[Image]) -> str:
    """How the values came about, where that may be what is wrong with them."""
    stated = {image.header.rescale for image in images}
    if len(stated) > 1 or None in stated:
        return ""
    ((slope, intercept),) = (one for one in stated if one is not None)
    return f"; by Rescale Slope {slope:g} and Intercept {intercept:g}, one of which may be lost or wrong"


def notes_on_bits(images: Sequence[Image]) -> list[str]:
    """Where Bits Stored was too small, or other bits were set."""
    notes = []
    first = images[0].header
    if widened := sum(image.stored_in == "all bits" for image in images):
        notes.append(
            f"Bits Stored ({first.bits_stored}) cannot hold the brightest values of {count(widened, 'slice')}: they "
            f"were read from all {first.bits_allocated} bits."
        )
    if masked := sum(image.stored_in == "some bits" for image in images):
        notes.append(
            f"{count(masked, 'slice')} with bits set beyond Bits Stored ({first.bits_stored}) that fit no values: they "
            "were left out of account."
        )
    return notes


def _range(images: Sequence[Image]) -> tuple[float, float]:
    return float(min(image.hu.min() for image in images)), float(max(image.hu.max() for image in images))
