"""Midline shift: the distance of the structures between the hemispheres from the plane of symmetry of the skull.

A radiologist draws a line between the anterior and posterior attachments of the falx, and measures the distance of the
septum pellucidum from it, at a right angle. Here, that line is where the slice cuts the plane of symmetry of the inside
of the skull. The midline of the brain on a slice is the path from front to back about which the tissue is most
symmetric: it starts and ends on the plane and bends in between. (Liao et al., "Automatic recognition of midline shift
on brain CT images", Computers in Biology and Medicine 40:331-339, 2010, also fit such a curve by symmetry.) The shift
is the distance in the slice from the path to the line, at a right angle to the line: the median over the part that
contains septum and third ventricle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.symmetry import Mask, SymmetryPlane, inside_skull, plane_of, radiological_hu, slices_of_midline
from ichor.orientation import radiological_pixel_mm
from ichor.scan import FloatArray, Scan

MOST_MM = 20  # a shift is sought up to this many mm to either side, in steps of 1 mm
REACH_MM = 14  # tissue compared on either side of the path
TISSUE_HU = (0.0, 60.0)  # fluid to brain; anything denser counts as equally bright tissue
BLUR_MM = 1.5
MOST_DIFFERENT_HU = 15.0  # limits the effect of a hemorrhage on one side
SEPTUM = (0.35, 0.60)  # the part with septum and third ventricle, as fractions of the way from front to back
POINTS = 140  # along the way from front to back
BEND = 1.0  # the cost of a step of 1 mm to the side, in HU of asymmetry
EDGE_MM = 2  # a path this near the limit of the search does not follow a midline
STEP_BETWEEN_MM = 4.0  # from one clear slice to the next
MOST_GAP = 2  # from one clear slice to the next, in slices
MOST_SLICES = 0.5  # the fraction of the slices at that height that must follow one midline
AWAY = 0.04  # cost of each mm from the plane, in HU of asymmetry: of two paths, the less shifted one is more likely
CLEAR = 0.57  # asymmetry along the path relative to the usual one next to it; above this, no midline is visible


@dataclass(frozen=True, slots=True)
class MidlineShift:
    """The largest shift on the slices at the height of the ventricles.

    Attributes:
        mm: the distance from the plane of symmetry, in the slice; positive towards the patient's left.
        slice_index: the slice that shows it, from 0.
    """

    mm: float
    slice_index: int


@dataclass(frozen=True, slots=True)
class Midline:
    """The plane that the shift refers to, None if it is not found; and the shift, None if no midline is visible."""

    plane: SymmetryPlane | None
    shift: MidlineShift | None


def midline_shift(scan: Scan) -> MidlineShift | None:
    """The midline shift of a scan; None if the pixel size is unknown or no midline is visible."""
    return find_midline(scan).shift


def find_midline(scan: Scan) -> Midline:
    """The plane of symmetry and the midline shift of a scan. Without a pixel size neither is measured."""
    pixel_mm = radiological_pixel_mm(scan)
    if pixel_mm is None:
        return Midline(None, None)
    hu = radiological_hu(scan)
    inside = inside_skull(hu)
    slices = slices_of_midline(inside)
    plane = plane_of(inside, slices, pixel_mm)
    if plane is None:
        return Midline(None, None)
    cost = np.array([_asymmetry(hu[k], inside[k], pixel_mm[k], plane, int(k)) for k in slices])
    return Midline(plane, _largest(ndimage.uniform_filter1d(cost, 3, axis=0), slices))


def _asymmetry(
    hu: NDArray[np.float32], inside: Mask, pixel_mm: FloatArray, plane: SymmetryPlane, index: int
) -> NDArray[np.float64]:
    """(POINTS, 2 MOST_MM + 1) the difference between right and left about each place, in HU, from front to back."""
    row_mm, column_mm = pixel_mm
    rows = np.flatnonzero(inside.any(axis=1))
    along = np.linspace(rows[0], rows[-1], POINTS)
    turned = np.arctan(plane.per_row * column_mm / row_mm)
    reach = MOST_MM + REACH_MM
    across = np.arange(-reach, reach + 1)
    at = np.array(
        [
            along[:, None] - across * np.sin(turned) / row_mm,
            (plane.column + plane.per_row * along + plane.per_slice * index)[:, None]
            + across * np.cos(turned) / column_mm,
        ]
    )
    blurred = ndimage.gaussian_filter(np.clip(hu, *TISSUE_HU), (BLUR_MM / row_mm, BLUR_MM / column_mm))
    tissue = ndimage.map_coordinates(blurred, at, order=1, mode="nearest")
    known = ndimage.map_coordinates(inside.astype(np.float32), at, order=1) > 0.99
    beside = np.arange(1, REACH_MM + 1)
    places = np.arange(REACH_MM, REACH_MM + 2 * MOST_MM + 1)[:, None]
    both = known[:, places + beside] & known[:, places - beside]
    apart = np.minimum(np.abs(tissue[:, places + beside] - tissue[:, places - beside]), MOST_DIFFERENT_HU)
    n = both.sum(axis=2)
    cost = np.where(n >= REACH_MM // 2, (apart * both).sum(axis=2) / np.maximum(n, 1), MOST_DIFFERENT_HU)
    return np.asarray(ndimage.uniform_filter1d(cost, 7, axis=0))


def _largest(cost: NDArray[np.float64], slices: NDArray[np.intp]) -> MidlineShift | None:
    """The largest shift by the asymmetry (slices, POINTS, places) of the slices, where their midline is clear.

    Tissue that is displaced by a lot may look symmetric about a wrong path on single slices, even on the other side of
    the plane. A midline bends gradually from slice to slice, so most slices have to follow one.
    """
    first, last = (int(share * POINTS) for share in SEPTUM)
    middle = range(len(slices) // 4, len(slices) - len(slices) // 4)
    shifts_mm, clear = [], []
    for k in middle:
        path = _path(cost[k])[first:last]
        shifts_mm.append(float(np.median(path)) - MOST_MM)
        on_path = np.mean(cost[k][np.arange(first, last), path])
        at_the_edge = path.min() < EDGE_MM or path.max() > 2 * MOST_MM - EDGE_MM
        clear.append(not at_the_edge and on_path <= CLEAR * np.median(cost[k][first:last]))
    followed = _longest_course(np.array(shifts_mm), np.flatnonzero(clear))
    if followed.size < MOST_SLICES * len(middle):
        return None
    course_mm = ndimage.median_filter(np.array(shifts_mm)[followed], 3, mode="nearest")
    largest = int(np.abs(course_mm).argmax())
    return MidlineShift(float(course_mm[largest]), int(slices[middle[followed[largest]]]))


def _longest_course(shifts_mm: NDArray[np.float64], clear: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of the clear slices, the most in a row whose shifts differ little from one to the next."""
    steps_mm, gaps = np.abs(np.diff(shifts_mm[clear])), np.diff(clear)
    courses = np.split(clear, 1 + np.flatnonzero((steps_mm > STEP_BETWEEN_MM) | (gaps > MOST_GAP)))
    return max(courses, key=len)


def _path(cost: NDArray[np.float64]) -> NDArray[np.intp]:
    """(POINTS,) the cheapest path from the plane in front to the plane behind; at most one step aside per point."""
    n, width = cost.shape
    cost = cost + AWAY * np.abs(np.arange(width) - MOST_MM)
    total = np.full(width, np.inf)
    total[MOST_MM] = 0.0
    came_from = np.zeros((n, width), np.intp)
    for point in range(1, n):
        right, left = np.r_[np.inf, total[:-1]] + BEND, np.r_[total[1:], np.inf] + BEND
        steps = np.array([total, right, left])
        best = steps.argmin(axis=0)
        came_from[point] = np.arange(width) + np.choose(best, [0, -1, 1])
        total = steps.min(axis=0) + cost[point]
    path = np.empty(n, np.intp)
    path[-1] = MOST_MM
    for point in range(n - 1, 0, -1):
        path[point - 1] = came_from[point, path[point]]
    return path
