"""The plane of symmetry of the inside of the skull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.skull import bone_of, directions_with
from ichor.orientation import radiological_pixel_mm, to_radiological
from ichor.scan import FloatArray, Scan

Mask = NDArray[np.bool_]
Border = tuple[FloatArray, FloatArray, int]

TURNS = 6  # iterations of fitting the line
STEP_MM = 1.0  # of the middles along the line
WIDE = 0.7  # slices whose inside is at least this large, as a share of the largest
FEWEST_SLICES = 5


@dataclass(frozen=True, slots=True)
class SymmetryPlane:
    """The plane of symmetry of the inside of the skull, given by where it cuts slices in the radiological convention.

    On slice k it is the line through column `column + per_row * row + per_slice * k` of each row: whole numbers are
    the centers of pixels.
    """

    column: float
    per_row: float
    per_slice: float


def symmetry_plane(scan: Scan) -> SymmetryPlane | None:
    """The plane of symmetry of a scan; None without a pixel size, or if too little of the inside is shown."""
    pixel_mm = radiological_pixel_mm(scan)
    if pixel_mm is None:
        return None
    inside = inside_skull(radiological_hu(scan))
    return plane_of(inside, slices_of_midline(inside), pixel_mm)


def plane_of(inside: Mask, slices: NDArray[np.intp], pixel_mm: FloatArray) -> SymmetryPlane | None:
    """The plane of symmetry of the inside of the skull; None if it is shown on too few slices.

    `inside` (n, rows, columns) is as of `inside_skull`, `slices` as of `slices_of_midline`, and `pixel_mm` (n, 2) are
    the distances of rows and of columns.
    """
    if len(slices) < FEWEST_SLICES:
        return None
    return _fitted_plane(inside, slices, np.median(pixel_mm, axis=0))


def inside_skull(hu: NDArray[np.float32]) -> Mask:
    """What has bone in all four directions on its slice of `hu`, (n, rows, columns) in the radiological convention.

    Only the largest region of each slice, because there may be others, for example between the head and a headrest.
    """
    bone = bone_of(hu)
    inside = (directions_with(bone) == 4) & ~bone
    for k in range(len(inside)):
        regions, count = ndimage.label(inside[k])
        if count > 1:
            inside[k] = regions == 1 + np.bincount(regions.ravel())[1:].argmax()
    return np.asarray(inside)


def slices_of_midline(inside: Mask) -> NDArray[np.intp]:
    """The slices on which the inside of the skull is nearly as large as anywhere, from the lowest."""
    areas = inside.sum(axis=(1, 2))
    return np.flatnonzero((areas >= WIDE * areas.max()) & (areas > 0))


def radiological_hu(scan: Scan) -> NDArray[np.float32]:
    """(n, rows, columns) HU in the radiological convention; gray values of a picture through its window."""
    voxels = to_radiological(scan.voxels, scan)
    return np.asarray(voxels if scan.gray_window is None else scan.gray_window.hu(voxels), np.float32)


def _fitted_plane(inside: Mask, slices: NDArray[np.intp], pixel_mm: FloatArray) -> SymmetryPlane:
    """Fit the plane to the inside of the skull on these slices; `pixel_mm` are the distances of rows and of columns.

    The line on a slice runs through the midpoints between the right and left borders, measured at a right angle to the
    line. In a turned head, the midpoints along the rows lie on another line, so the line is turned until it fits.
    """
    row_mm, column_mm = pixel_mm
    right, left = _borders_mm(inside, slices, pixel_mm)
    turned = 0.0
    for _ in range(TURNS):
        across, slant, climb = _fitted(right, left, turned)
        turned += float(np.arctan(slant))
    # (x, y) mm lies on the line of slice k where x cos(turned) - y sin(turned) = across + climb * k.
    column = across / np.cos(turned) / column_mm
    return SymmetryPlane(
        float(column), float(np.tan(turned) * row_mm / column_mm), float(climb / np.cos(turned) / column_mm)
    )


def _borders_mm(inside: Mask, slices: NDArray[np.intp], pixel_mm: FloatArray) -> tuple[list[Border], list[Border]]:
    """The right and left borders of the inside on each slice: x and y in mm, and the slice."""
    right: list[Border] = []
    left: list[Border] = []
    for k in slices:
        rows = np.flatnonzero(np.count_nonzero(inside[k], axis=1) >= inside.shape[2] // 16)[::2]
        first = inside[k, rows].argmax(axis=1)
        last = inside.shape[2] - 1 - inside[k, rows, ::-1].argmax(axis=1)
        for border, columns in ((right, first), (left, last)):
            border.append((columns * pixel_mm[1], rows * pixel_mm[0], int(k)))
    return right, left


def _fitted(right: list[Border], left: list[Border], turned: float) -> FloatArray:
    """(3,) a fit of the midpoints in axes turned by an angle: mm across, mm across per mm along, and per slice.

    The fit is robust (Huber's weights, iterated), so that a skull that is open on one side does not distort it.
    """
    cos, sin = np.cos(turned), np.sin(turned)
    places, middles = [], []
    for (x, y, k), (other_x, other_y, _) in zip(right, left, strict=True):
        (across, along), (other_across, other_along) = (
            (one_x * cos - one_y * sin, one_x * sin + one_y * cos) for one_x, one_y in ((x, y), (other_x, other_y))
        )
        order, other = np.argsort(along), np.argsort(other_along)
        at = np.arange(max(along.min(), other_along.min()), min(along.max(), other_along.max()), STEP_MM)
        both = np.interp(at, along[order], across[order]) + np.interp(at, other_along[other], other_across[other])
        places += [(1.0, one, float(k)) for one in at]
        middles += list(both / 2)
    a, y = np.array(places), np.array(middles)
    weight = np.ones(len(y))
    for _ in range(12):
        plane = np.linalg.lstsq(a * weight[:, None], y * weight, rcond=None)[0]
        off = np.abs(y - a @ plane)
        weight = 1 / np.sqrt(np.maximum(1, off / (1.4826 * np.median(off) + 1e-6)))
    return np.asarray(plane, np.float64)
