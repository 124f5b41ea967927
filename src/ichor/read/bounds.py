"""Plausible sizes of a head CT, for all readers: nothing beyond them is allocated or measured.

The bounds are wide: no head CT comes near them, not even one padded, cropped or resampled for research. They reject
damaged and hostile headers, whose numbers would cost gigabytes and minutes, here or in later measurements.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ichor.errors import Code, UnreadableInput
from ichor.read.base import ReadOptions
from ichor.scan import FloatArray, Scan

MAX_VOXELS = 1024**3
MAX_PIXELS = 4096 * 4096  # of one slice
MAX_SLICES = 2000  # of images and videos, which have no header that states more
MAX_FRAMES = 20_000  # of one DICOM file; perfusion acquires the same slices many times

PIXEL_MM = (0.05, 10.0)  # from dedicated head scanners to coarse templates
FIELD_MM = 2000.0  # gantries are 0.9 m wide; volumes padded for research have been seen twice as wide
SLICE_MM = (0.01, 100.0)
POSITION_MM = 1e5
THICKNESS_MM = (0.01, 100.0)
USUAL_THICKNESS_MM = (1.0, 7.0)  # of a head CT: the models' intended input
SLOPE = (1e-4, 1e4)  # absolute value
INTERCEPT = 1e6


def why_not_pixels(rows: int, columns: int) -> str | None:
    """Why a slice of that size is implausible, as "expected ..., found ..."; None if it is plausible."""
    if rows > 0 and columns > 0 and rows * columns <= MAX_PIXELS:
        return None
    return f"expected 1 to {MAX_PIXELS} pixels a slice, found {columns} x {rows}"


def why_not_sizes(pixel_mm: FloatArray, rows: int, columns: int) -> str | None:
    """Why pixel sizes, (..., 2) between rows and between columns, are implausible; None if they are plausible."""
    low, high = PIXEL_MM
    worst = _outside(pixel_mm, low, high)
    if worst is not None:
        return f"expected pixels of {low:g} to {high:g} mm, found {worst:g} mm"
    field = float(np.max(pixel_mm * np.array([rows, columns])))
    return None if field <= FIELD_MM else f"expected a slice at most {FIELD_MM:g} mm wide, found {field:g} mm"


def is_thickness(mm: float) -> bool:
    """Whether this is a plausible slice thickness."""
    return THICKNESS_MM[0] <= mm <= THICKNESS_MM[1]


def is_position(mm: FloatArray) -> bool:
    """Whether these are plausible slice positions, in mm, any shape."""
    return bool(np.all(np.abs(mm) <= POSITION_MM))


def is_rescale(slope: float, intercept: float) -> bool:
    """Whether slope and intercept plausibly convert stored values to HU."""
    return SLOPE[0] <= abs(slope) <= SLOPE[1] and abs(intercept) <= INTERCEPT


def why_not(scan: Scan) -> str | None:
    """Why sizes or positions of a scan are implausible, as "expected ..., found ..."; None if they are plausible."""
    n, rows, columns = scan.voxels.shape
    if n * rows * columns > MAX_VOXELS:
        return f"expected at most {MAX_VOXELS} voxels, found {columns} x {rows} x {n}"
    reason = why_not_pixels(rows, columns)
    if reason is None and scan.pixel_mm is not None:
        reason = why_not_sizes(scan.pixel_mm, rows, columns)
    if reason is None and scan.positions_mm is not None and not is_position(scan.positions_mm):
        reason = f"expected slices within {POSITION_MM:g} mm of the origin, found one farther away"
    distances = scan.slice_distances_mm
    if reason is None and distances is not None and distances.size:
        worst = _outside(distances, *SLICE_MM)
        if worst is not None:
            reason = f"expected slices {SLICE_MM[0]:g} to {SLICE_MM[1]:g} mm apart, found {worst:g} mm"
    if reason is None and scan.thickness_mm is not None:
        worst = _outside(scan.thickness_mm, *THICKNESS_MM)
        if worst is not None:
            reason = f"expected slices {THICKNESS_MM[0]:g} to {THICKNESS_MM[1]:g} mm thick, found {worst:g} mm"
    return reason


def require_options(path: Path, options: ReadOptions) -> None:
    """Raises UnreadableInput if the sizes that a user stated are implausible for a head CT."""
    for name, size, (low, high) in (
        ("pixel size", options.pixel_mm, PIXEL_MM),
        ("slice distance", options.slice_mm, SLICE_MM),
    ):
        if size is not None and not low <= size <= high:
            raise UnreadableInput(f"{path}: expected a {name} of {low:g} to {high:g} mm, found {size:g} mm")


def require(scan: Scan) -> Scan:
    """The scan itself. Raises UnreadableInput if its sizes or positions are implausible for a head CT."""
    reason = why_not(scan)
    if reason is not None:
        raise UnreadableInput(f"{scan.source.path}: {reason}", Code.IMPLAUSIBLE)
    return scan


def _outside(values: FloatArray, low: float, high: float) -> float | None:
    """The first value outside the range; None if all are inside."""
    outside = values[~((values >= low) & (values <= high))]
    return None if not outside.size else float(outside.flat[0])
