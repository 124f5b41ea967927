"""From a chosen series to a Scan: pixels, HU, and warnings about both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.noise import SHARP_HU
from ichor.errors import UnreadableInput
from ichor.read.bounds import require
from ichor.read.dicom.bits import UndecodableError
from ichor.read.dicom.header import Slice
from ichor.read.dicom.noise import middle_three, noise_of
from ichor.read.dicom.notes import count, notes_on_headers, notes_on_places
from ichor.read.dicom.pixels import HIGHEST_HU, hu_of, is_inverted, stored_images
from ichor.read.dicom.plausibility import has_wrong_sign, notes_on_scale
from ichor.read.dicom.series import Series
from ichor.read.dicom.stack import MINIMUM_SLICES, differ_in_time, gaps, places_mm, uncovered
from ichor.read.dicom.values import (
    Image,
    StoredIn,
    notes_on_bits,
    notes_on_values,
    with_intercept_restored,
    with_sign_restored,
)
from ichor.scan import Scan, Source


def read_series(
    series: Series, path: Path, *, sharp: bool | None = False, elsewhere: Sequence[tuple[Series, str]] = ()
) -> Scan:
    """The scan of a series, slices from inferior to superior.

    `sharp` states whether it was reconstructed for bone or lung (None: to be measured by its noise), and `elsewhere`
    lists other series that show the rest of the head, and why they were not joined. Raises UnreadableInput if the
    pixels cannot be read or cannot be the HU of a head, or if most slices would have to be left out.
    """
    series, signs = with_sign_restored(series)
    images, failures = _images(series.stack, path)
    minimum = min(MINIMUM_SLICES, len(series.stack))
    if len(images) < minimum:
        raise UnreadableInput(
            f"{path}: expected at least {minimum} readable slices, found {len(images)}; {failures[0]}"
        )
    on_duplicates = _notes_on_duplicates(series.duplicates, images, path)
    images, restored = with_intercept_restored(images)
    slices = [image.header for image in images]
    if sharp is None:
        noise = noise_of((image.header, image.hu) for image in middle_three(images))
        sharp = noise is not None and noise > SHARP_HU
    left_out = len(failures) + len(uncovered(slices, [one for group in series.groups[1:] for one in group]))
    if left_out > len(slices):
        raise UnreadableInput(
            f"{path}: expected most slices of the series to fit together, found {len(slices)} of "
            f"{len(slices) + left_out}; {(*failures, 'the others differ in size, orientation or pixel size')[0]}"
        )
    missing = max(left_out, sum(count for _, count in gaps(places_mm(slices))))
    warnings = [
        *failures,
        *notes_on_headers(series, elsewhere, sharp=sharp),
        *on_duplicates,
        *notes_on_bits(images),
        *signs,
        *restored,
        *notes_on_values(images, path),
        *notes_on_scale(slices, [image.hu for image in images]),
        *notes_on_places(slices),
    ]
    source = Source(
        kind="dicom",
        path=path,
        series_uid=series.uid,
        instance_uids=tuple(one.instance_uid for one in slices),
        frame_numbers=tuple(one.frame for one in slices),
        study_uid=slices[0].study_uid,
        joined_uids=tuple(part.uid for part in series.parts if part.uid is not None),
    )
    # int16 unless a slice has a fractional rescale.
    scan = scan_of(slices, np.stack([image.hu for image in images]), source, tuple(warnings))
    return require(
        replace(scan, sharp_kernel=sharp, missing_slices=missing + sum(len(other.stack) for other, _ in elsewhere))
    )


def scan_of(slices: Sequence[Slice], voxels: NDArray[Any], source: Source, warnings: tuple[str, ...] = ()) -> Scan:
    """A scan of these slices with the geometry stated in their headers."""
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


def _images(slices: Sequence[Slice], path: Path) -> tuple[list[Image], list[str]]:
    """The slices whose pixels can be read, and a warning for each of the others."""
    images: list[Image] = []
    failures: list[str] = []
    inverted = _are_inverted(slices)
    checked = {slices[len(slices) * k // 4] for k in (1, 2, 3)}  # for their sign, which all slices of a series share
    for one, stored in stored_images(slices):
        if isinstance(stored, UndecodableError):
            failures.append(f"{_name(one, path)}: {stored}; slice left out.")
        else:
            invert = inverted and one.photometric == "MONOCHROME1"
            hu = hu_of(stored, one, inverted=invert)
            lowest = float(np.min(hu, where=~stored.padding, initial=HIGHEST_HU))
            wrong_sign = not stored.widened and one in checked and has_wrong_sign(stored.values, one)
            bits: StoredIn = "all bits" if stored.widened else "masked" if stored.masked else "bits stored"
            images.append(Image(one, hu, lowest, invert, wrong_sign, bits))
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


def _notes_on_duplicates(duplicates: Sequence[tuple[Slice, Slice]], images: Sequence[Image], path: Path) -> list[str]:
    """Warnings about slices at the same position as one of the stack, and which of them are copies of it.

    Raises UnreadableInput if so many differ that they are another head, and no header distinguishes them.
    """
    kept_images = {image.header: image for image in images}
    kept_at = dict(duplicates)
    copies = 0
    others: list[tuple[Slice, Slice]] = []
    for duplicate, stored in stored_images(list(kept_at)):
        kept = kept_images.get(kept_at[duplicate])
        if not isinstance(stored, UndecodableError) and kept is not None:
            if np.array_equal(hu_of(stored, duplicate, inverted=kept.inverted), kept.hu):
                copies += 1
            else:
                others.append((duplicate, kept_at[duplicate]))
    if len(others) >= MINIMUM_SLICES and not differ_in_time(others):
        raise UnreadableInput(
            f"{path}: expected one image at each position, found two at {len(others)} of {len(images)} positions, "
            "which their headers do not distinguish: put each series in its own folder"
        )
    notes = []
    if copies:
        notes.append(f"{count(copies, 'slice')} left out: identical pixels at the same position.")
    if others:
        notes.append(
            f"{count(len(others), 'slice')} left out: repeated acquisitions at the position of an earlier slice."
        )
    return notes


def _name(one: Slice, path: Path) -> str:
    """A file, relative to the user's path."""
    if one.path != path and one.path.is_relative_to(path):
        return one.path.relative_to(path).as_posix()
    return one.path.name
