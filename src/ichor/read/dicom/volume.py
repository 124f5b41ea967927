"""From a chosen series to a Scan: pixels, HU, and what a person should know of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.read.bounds import require
from ichor.read.dicom.choose import Series
from ichor.read.dicom.doubts import is_of_other_sign, notes_on_scale
from ichor.read.dicom.header import Slice
from ichor.read.dicom.kinds import is_of_other_body_part, reasons_in_words
from ichor.read.dicom.pixels import HIGHEST_HU, UndecodableError, hu_of, is_inverted, stored_images
from ichor.read.dicom.stack import MINIMUM_SLICES, gaps, places_mm
from ichor.scan import Scan, Source

# Around and inside every head there is air, and the head itself is soft tissue and bone.
AIR_BELOW_HU = -500
TISSUE_ABOVE_HU = -200


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


def read_series(series: Series, path: Path) -> Scan:
    """The scan of a series, slices from inferior to superior.

    Raises UnreadableInput where its pixels cannot be read, or cannot be HU of a head.
    """
    images, failures = _images(series.stack, path)
    minimum = min(MINIMUM_SLICES, len(series.stack))
    if len(images) < minimum:
        raise UnreadableInput(
            f"{path}: expected at least {minimum} readable slices, found {len(images)}; {failures[0]}"
        )
    slices = [image.header for image in images]
    warnings = [
        *failures,
        *_notes_on_headers(series),
        *_notes_on_doubles(series.doubles, images),
        *_notes_on_values(images, path),
        *notes_on_scale(slices, [image.hu for image in images]),
        *_notes_on_gaps(slices),
    ]
    source = Source(
        kind="dicom",
        path=path,
        series_uid=series.uid,
        instance_uids=tuple(one.instance_uid for one in slices),
        frame_numbers=tuple(one.frame for one in slices),
    )
    # int16, unless a slice has a fractional rescale.
    return require(scan_of(slices, np.stack([image.hu for image in images]), source, tuple(warnings)))


def scan_of(slices: Sequence[Slice], voxels: NDArray[Any], source: Source, warnings: tuple[str, ...] = ()) -> Scan:
    """A scan of these slices with the geometry their headers state."""
    thickness = [one.thickness_mm for one in slices]
    return Scan(
        voxels=voxels,
        source=source,
        pixel_mm=np.array([one.pixel_mm for one in slices], np.float64),
        positions_mm=np.array([one.position for one in slices], np.float64),
        orientation=np.array([one.orientation for one in slices], np.float64),
        thickness_mm=None if None in thickness else np.array(thickness, np.float64),
        warnings=warnings,
        contrast=any(one.contrast for one in slices),
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
            images.append(_Image(one, hu, lowest, turned, one in asked and is_of_other_sign(stored.values, one)))
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


def _notes_on_doubles(doubles: Sequence[tuple[Slice, Slice]], images: Sequence[_Image]) -> list[str]:
    """Of slices that share a place with one of the stack, which are mere copies of it."""
    kept_images = {image.header: image for image in images}
    kept_at = dict(doubles)
    copies = others = 0
    for double, stored in stored_images(list(kept_at)):
        kept = kept_images.get(kept_at[double])
        if not isinstance(stored, UndecodableError) and kept is not None:
            same = np.array_equal(hu_of(stored, double, inverted=kept.inverted), kept.hu)
            copies, others = copies + same, others + (not same)
    notes = []
    if copies:
        notes.append(f"{_count(copies, 'slice')} left out: the same pixels at the same position twice.")
    if others:
        notes.append(f"{_count(others, 'slice')} left out: acquired again at the position of an earlier slice.")
    return notes


def _notes_on_headers(series: Series) -> list[str]:
    notes = []
    first = series.stack[0]
    if series.told_by is not None:
        left_out = len(series.groups[0]) - len(series.stack) - len(series.doubles)
        notes.append(
            "the series holds more than one acquisition of the same part, told apart by "
            f"{series.told_by}: {_count(len(series.stack), 'slice')} kept, {left_out} left out."
        )
    if series.copies:
        notes.append(f"{_count(series.copies, 'slice')} left out: the same SOP instance twice.")
    if series.rejected:
        notes.append(
            f"{_count(len(series.rejected), 'image')} of the series left out: {reasons_in_words(series.rejected)}."
        )
    if others := sum(map(len, series.groups[1:])):
        notes.append(
            f"{_count(others, 'slice')} of the series left out: of another size, orientation or "
            f"pixel size than the {len(series.groups[0])} of the biggest stack."
        )
    implausible = [one for one in series.stack if one.stated_thickness_mm and one.thickness_mm is None]
    if implausible:
        notes.append(
            f"Slice Thickness of {implausible[0].stated_thickness_mm:g} mm is that of no slice: taken as unknown "
            f"({_count(len(implausible), 'slice')})."
        )
    if first.calibration is not None:
        notes.append(f"the pixel size was calibrated: {first.calibration}.")
    if is_of_other_body_part(first):
        notes.append("the header names another part of the body than the head.")
    if first.contrast:
        notes.append("the series was acquired with contrast agent, which looks like blood.")
    return notes


def _notes_on_values(images: Sequence[_Image], path: Path) -> list[str]:
    """Raises UnreadableInput for values that cannot be HU of a head."""
    notes = []
    marked = sum(image.header.photometric == "MONOCHROME1" for image in images)
    if any(image.inverted for image in images):
        notes.append(f"{_count(marked, 'slice')} stored inverted (MONOCHROME1): values were turned back.")
    elif marked:
        notes.append(f"{_count(marked, 'slice')} to be shown inverted (MONOCHROME1): values are HU as they are.")
    bare = [image for image in images if image.header.rescale is None]
    if bare:
        low, high = min(image.lowest_hu for image in bare), _range(bare)[1]
        if low > AIR_BELOW_HU:
            raise UnreadableInput(
                f"{path}: expected Rescale Slope and Intercept, or stored values that are HU with air near "
                f"-1000; found neither, stored values from {low:g} to {high:g}"
            )
        notes.append(f"{_count(len(bare), 'slice')} without Rescale Slope and Intercept: stored values taken as HU.")
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
    if low > AIR_BELOW_HU:
        notes.append(f"no air in the images: HU from {low:g} to {high:g}.")
    return notes


def _range(images: Sequence[_Image]) -> tuple[float, float]:
    return float(min(image.hu.min() for image in images)), float(max(image.hu.max() for image in images))


def _notes_on_gaps(slices: Sequence[Slice]) -> list[str]:
    places = places_mm(slices)
    return [
        f"about {_count(missing, 'slice')} missing between slices {k + 1} and {k + 2}: "
        f"{places[k + 1] - places[k]:.1f} mm apart."
        for k, missing in gaps(places)
    ]


def _name(one: Slice, path: Path) -> str:
    """A file, relative to the path the user gave."""
    if one.path != path and one.path.is_relative_to(path):
        return one.path.relative_to(path).as_posix()
    return one.path.name


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
