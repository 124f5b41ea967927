"""From a chosen series to a Scan: pixels, HU, and what a person should know of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read.bounds import require
from ichor.read.dicom.doubts import every_few_pixels, is_of_other_sign, notes_on_scale, why_not_ct
from ichor.read.dicom.header import Slice
from ichor.read.dicom.notes import count, notes_on_headers, notes_on_places
from ichor.read.dicom.pixels import AIR_HU, HIGHEST_HU, UndecodableError, hu_of, is_inverted, stored_images
from ichor.read.dicom.series import Series
from ichor.read.dicom.stack import MINIMUM_SLICES, are_told_apart_by_time, gaps, places_mm, uncovered
from ichor.read.hounsfield import lost_offset
from ichor.scan import Scan, Source

# Around and inside every head there is air, and the head itself is soft tissue and bone.
AIR_BELOW_HU = -500
TISSUE_ABOVE_HU = -200
# Bits Stored alone, all bits since those cannot hold the values, or Bits Stored with others set beside them.
StoredIn = Literal["its bits", "all bits", "some bits"]


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """A slice with its pixels in HU, the lowest of them that is not padding, whether its values were inverted.

    `of_other_sign` where another sign than the header's would fit its stored values better.
    """

    header: Slice
    hu: NDArray[Any]
    lowest_hu: float
    inverted: bool
    of_other_sign: bool
    stored_in: StoredIn


def read_series(
    series: Series, path: Path, *, sharp: bool | None = None, elsewhere: Sequence[tuple[Series, str]] = ()
) -> Scan:
    """The scan of a series, slices from inferior to superior.

    `sharp` says whether it was reconstructed for bone or lung, None where that is not known, and `elsewhere` which
    other series show the rest of the head, and why they were not joined. Raises UnreadableInput where its pixels cannot
    be read, or cannot be HU of a head, or where most of its slices would have to be left out.
    """
    images, failures = _images(series.stack, path)
    minimum = min(MINIMUM_SLICES, len(series.stack))
    if len(images) < minimum:
        raise UnreadableInput(
            f"{path}: expected at least {minimum} readable slices, found {len(images)}; {failures[0]}"
        )
    on_doubles = _notes_on_doubles(series.doubles, images, path)
    images, restored = _with_intercept_restored(images)
    slices = [image.header for image in images]
    left_out = len(failures) + len(uncovered(slices, [one for group in series.groups[1:] for one in group]))
    if left_out > len(slices):
        raise UnreadableInput(
            f"{path}: expected most slices of the series to fit each other, found {len(slices)} of "
            f"{len(slices) + left_out}; {(*failures, 'the others differ in size, orientation or pixel size')[0]}"
        )
    missing = max(left_out, sum(count for _, count in gaps(places_mm(slices))))
    warnings = [
        *failures,
        *notes_on_headers(series, elsewhere, sharp=bool(sharp)),
        *on_doubles,
        *_notes_on_bits(images),
        *restored,
        *_notes_on_values(images, path),
        *notes_on_scale(slices, [image.hu for image in images]),
        *notes_on_places(slices),
    ]
    source = Source(
        kind="dicom",
        path=path,
        series_uid=series.uid,
        instance_uids=tuple(one.instance_uid for one in slices),
        frame_numbers=tuple(one.frame for one in slices),
    )
    # int16, unless a slice has a fractional rescale.
    scan = scan_of(slices, np.stack([image.hu for image in images]), source, tuple(warnings))
    return require(
        replace(scan, sharp_kernel=sharp, missing_slices=missing + sum(len(other.stack) for other, _ in elsewhere))
    )


def scan_of(slices: Sequence[Slice], voxels: NDArray[Any], source: Source, warnings: tuple[str, ...] = ()) -> Scan:
    """A scan of these slices with the geometry their headers state."""
    thickness = [one.thickness_mm for one in slices]
    tilts = [one.stated_tilt_deg for one in slices if one.stated_tilt_deg is not None]
    return Scan(
        voxels=voxels,
        source=source,
        pixel_mm=np.array([one.pixel_mm for one in slices], np.float64),
        positions_mm=np.array([one.position for one in slices], np.float64),
        orientation=np.array([one.orientation for one in slices], np.float64),
        thickness_mm=None if None in thickness else np.array(thickness, np.float64),
        warnings=warnings,
        contrast=any(one.contrast for one in slices),
        stated_tilt_deg=float(np.median(tilts)) if tilts else None,
    )


def _images(slices: Sequence[Slice], path: Path) -> tuple[list[_Image], list[str]]:
    """The slices whose pixels can be read, and a warning for each of the others."""
    images: list[_Image] = []
    failures: list[str] = []
    inverted = _are_inverted(slices)
    asked = {slices[len(slices) * k // 4] for k in (1, 2, 3)}  # for their sign: all slices of a series share it
    for one, stored in stored_images(slices):
        if isinstance(stored, UndecodableError):
            failures.append(f"{_name(one, path)}: {stored}; slice left out.")
        else:
            turned = inverted and one.photometric == "MONOCHROME1"
            hu = hu_of(stored, one, inverted=turned)
            lowest = float(np.min(hu, where=~stored.padding, initial=HIGHEST_HU))
            other_sign = not stored.widened and one in asked and is_of_other_sign(stored.values, one)
            bits: StoredIn = "all bits" if stored.widened else "some bits" if stored.masked else "its bits"
            images.append(_Image(one, hu, lowest, turned, other_sign, bits))
    if len(failures) == len(slices):
        why = failures[0].removesuffix("; slice left out.").removeprefix(f"{_name(slices[0], path)}: ")
        raise UnreadableInput(f"{slices[0].path}: {why}")
    return images, failures


def _are_inverted(slices: Sequence[Slice]) -> bool:
    """Whether the values of the MONOCHROME1 slices are inverted, by the readable one nearest their middle."""
    marked = [one for one in slices if one.photometric == "MONOCHROME1"]
    nearest = sorted(range(len(marked)), key=lambda k: abs(k - len(marked) // 2))
    for one, stored in stored_images([marked[k] for k in nearest]):
        if not isinstance(stored, UndecodableError):
            return is_inverted(stored, one)
    return False


def _with_intercept_restored(images: list[_Image]) -> tuple[list[_Image], list[str]]:
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


def _notes_on_doubles(doubles: Sequence[tuple[Slice, Slice]], images: Sequence[_Image], path: Path) -> list[str]:
    """Of slices that share a place with one of the stack, which are mere copies of it.

    Raises UnreadableInput where so many are not that they are another head, and no header says which is which.
    """
    kept_images = {image.header: image for image in images}
    kept_at = dict(doubles)
    copies = 0
    others: list[tuple[Slice, Slice]] = []
    for double, stored in stored_images(list(kept_at)):
        kept = kept_images.get(kept_at[double])
        if not isinstance(stored, UndecodableError) and kept is not None:
            if np.array_equal(hu_of(stored, double, inverted=kept.inverted), kept.hu):
                copies += 1
            else:
                others.append((double, kept_at[double]))
    if len(others) >= MINIMUM_SLICES and not are_told_apart_by_time(others):
        raise UnreadableInput(
            f"{path}: expected one image at each place, found two at {len(others)} of {len(images)} places, which "
            "nothing in their headers tells apart: give each series a folder of its own"
        )
    notes = []
    if copies:
        notes.append(f"{count(copies, 'slice')} left out: the same pixels at the same position twice.")
    if others:
        notes.append(f"{count(len(others), 'slice')} left out: acquired again at the position of an earlier slice.")
    return notes


def _notes_on_values(images: Sequence[_Image], path: Path) -> list[str]:
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
    if any(image.of_other_sign for image in images):
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


def _by_rescale(images: Sequence[_Image]) -> str:
    """How the values came about, where that may be what is wrong with them."""
    stated = {image.header.rescale for image in images}
    if len(stated) > 1 or None in stated:
        return ""
    ((slope, intercept),) = (one for one in stated if one is not None)
    return f"; by Rescale Slope {slope:g} and Intercept {intercept:g}, one of which may be lost or wrong"


def _notes_on_bits(images: Sequence[_Image]) -> list[str]:
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


def _range(images: Sequence[_Image]) -> tuple[float, float]:
    return float(min(image.hu.min() for image in images)), float(max(image.hu.max() for image in images))


def _name(one: Slice, path: Path) -> str:
    """A file, relative to the path the user gave."""
    if one.path != path and one.path.is_relative_to(path):
        return one.path.relative_to(path).as_posix()
    return one.path.name
