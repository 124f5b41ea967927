"""Measurements on a mask: the lesions with their volume, largest diameter, ABC/2, side and subtype.

ABC/2 is the bedside estimate of Kothari et al., "The ABCs of measuring intracerebral hemorrhage volumes",
Stroke 27:1304-1305 (1996): A is the largest diameter on the slice with the largest area, B the largest
diameter perpendicular to A on the same slice, and C the sum of the slices' heights. A slice counts fully
if its area is more than 75 % of the largest, half from 25 to 75 %, and not at all below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.head import HeadOutline
from ichor.findings.lesion_subtypes import mean_probabilities, subtype_and_alternative
from ichor.orientation import radiological_pixel_mm, to_radiological
from ichor.scan import FloatArray, Scan
from ichor.subtypes import Subtype

Mask = NDArray[np.bool_]
Side = Literal["right", "left", "midline"]
Subtypes = tuple[Subtype | None, Subtype | None]  # the most probable one and its alternative

# Voxels closer to the head's center line than this fraction of its width (about 5 mm) belong to neither side, since
# the position of the center line is uncertain by as much.
MIDLINE_BAND = 0.03
# The minimum fraction of a lesion on one side for the lesion to be assigned to that side.
SIDE_SHARE = 0.75
# A noisy mask may have thousands of specks; only the largest lesions, this many, are measured individually.
MOST_LESIONS = 200


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion: a region of the mask connected by faces, edges or corners of voxels.

    Lengths are in mm, volumes in mL; None if the pixel size or the slices' heights are unknown.

    Attributes:
        slices: (lowest, highest), counted from 0.
        centre_slice: the slice with the lesion's largest area, counted from 0.
        side: the patient's side; None if no head was found on the slices.
        subtype: None if the method predicts no subtypes.
        subtype_alternative: the second most probable subtype, if it is nearly as probable.
    """

    volume_px: int
    volume_ml: float | None
    slices: tuple[int, int]
    n_slices: int
    centre_slice: int
    largest_diameter_mm: float | None
    a_mm: float | None
    b_mm: float | None
    c_mm: float | None
    abc2_ml: float | None
    side: Side | None
    subtype: Subtype | None
    subtype_alternative: Subtype | None


@dataclass(frozen=True, slots=True, eq=False)
class Lesions:
    """The lesions of a mask.

    Attributes:
        count: the number of all lesions.
        largest: the largest `MOST_LESIONS` of them, the largest first.
        labels: (n, rows, columns) on the scan's grid: 0 outside of the mask, else the lesion's subtype, 1 to 5 in the
            order of `Subtype`; 1 if the method predicts no subtypes.
    """

    count: int
    largest: tuple[Lesion, ...]
    labels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """The scan, its pixel sizes (n, 2) in the radiological convention, None if unknown, and its head outline."""

    scan: Scan
    pixel_mm: FloatArray | None
    head: HeadOutline


def lesions(
    mask: Mask, scan: Scan, head: HeadOutline, subtype_probability: NDArray[np.float64] | None = None
) -> Lesions:
    """Find and measure the lesions of a mask (n, rows, columns) on the grid of `scan`.

    `subtype_probability` (n, 5) is that of `Segmentation`. Raises ValueError if the mask is not on the scan's grid.
    """
    if mask.shape != scan.voxels.shape:
        raise ValueError(f"expected a mask of shape {scan.voxels.shape}, found {mask.shape}")
    marked = to_radiological(mask, scan)
    box = ndimage.find_objects(marked.view(np.uint8))
    if not box or box[0] is None:
        return Lesions(0, (), mask.view(np.uint8))
    corner = tuple(one.start for one in box[0])
    lesion_of, count = ndimage.label(marked[box[0]], structure=np.ones((3, 3, 3)))
    sizes = _sizes(lesion_of, count, scan, corner[0])
    parts = ndimage.find_objects(lesion_of)
    labels, means = mask.view(np.uint8), None
    if subtype_probability is not None:
        means = mean_probabilities(lesion_of, count, subtype_probability[box[0][0]])
        labels = np.zeros(mask.shape, np.uint8)
        to_radiological(labels, scan)[box[0]] = np.r_[0, 1 + means.argmax(axis=1)].astype(np.uint8)[lesion_of]
    grid = _Grid(scan, radiological_pixel_mm(scan), head)
    found = []
    # The sort is stable: of equally large lesions, the lower one comes first.
    for index in np.argsort(-sizes, kind="stable")[:MOST_LESIONS]:
        part = parts[index]
        start = tuple(int(one.start) + first for one, first in zip(part, corner, strict=True))
        subtypes = (None, None) if means is None else subtype_and_alternative(means[index])
        found.append(_lesion(lesion_of[part] == index + 1, start, grid, subtypes))
    return Lesions(int(count), tuple(found), labels)


def _sizes(lesion_of: NDArray[np.int32], count: int, scan: Scan, lowest: int) -> NDArray[np.float64]:
    """(count,) the volume of each lesion in mm³, or in voxels if the voxel size is unknown.

    `lesion_of` begins with the scan's slice `lowest`. Slices may differ in height, so the lesion with more voxels may
    be the smaller one.
    """
    areas_mm2, heights_mm = scan.pixel_area_mm2, scan.slice_heights_mm
    on_slices = [np.bincount(one.ravel(), minlength=count + 1)[1:] for one in lesion_of]
    if areas_mm2 is None or heights_mm is None:
        return np.asarray(np.sum(on_slices, axis=0, dtype=np.float64))
    voxel_mm3 = (areas_mm2 * heights_mm)[lowest : lowest + len(lesion_of)]
    return np.asarray(voxel_mm3 @ np.array(on_slices))


def _lesion(part: Mask, corner: tuple[int, ...], grid: _Grid, subtypes: Subtypes) -> Lesion:
    """Measure one lesion, cut out at `corner` (slice, row, column) in the radiological convention."""
    area_px = np.zeros(grid.scan.n_slices, np.int64)
    area_px[corner[0] : corner[0] + len(part)] = part.sum(axis=(1, 2))
    on_slices = np.flatnonzero(area_px)
    areas_mm2 = grid.scan.pixel_area_mm2
    area = area_px if areas_mm2 is None else area_px * areas_mm2
    centre = int(area.argmax())
    largest = a_mm = b_mm = None
    if grid.pixel_mm is not None:
        a_mm, b_mm = diameters_mm(part[centre - corner[0]], grid.pixel_mm[centre])
        largest = max(diameters_mm(part[k - corner[0]], grid.pixel_mm[k])[0] for k in on_slices)
    c_mm = abc2_height_mm(area, grid.scan.slice_heights_mm)
    return Lesion(
        volume_px=int(area_px.sum()),
        volume_ml=grid.scan.volume_ml(area_px),
        slices=(int(on_slices[0]), int(on_slices[-1])),
        n_slices=int(on_slices.size),
        centre_slice=centre,
        largest_diameter_mm=largest,
        a_mm=a_mm,
        b_mm=b_mm,
        c_mm=c_mm,
        abc2_ml=None if a_mm is None or b_mm is None or c_mm is None else a_mm * b_mm * c_mm / 2 / 1000,
        side=_side(part, corner, grid.head),
        subtype=subtypes[0],
        subtype_alternative=subtypes[1],
    )


def diameters_mm(pixels: Mask, pixel_mm: FloatArray) -> tuple[float, float]:
    """A shape's largest diameter on one slice (rows, columns), and the largest perpendicular to it, in mm.

    Pixels have their full extent: the diameter of a single pixel is its diagonal. Both diameters are line segments
    inside the shape's convex hull, as measured with calipers; the second is the longest segment perpendicular to the
    first, not the extent of the projection in that direction.
    """
    hull = _hull_mm(pixels, pixel_mm)
    distances = np.linalg.norm(hull[:, None] - hull[None], axis=-1)
    start, end = np.unravel_index(distances.argmax(), distances.shape)
    length = float(distances[start, end])
    along = (hull[end] - hull[start]) / length
    u, v = hull @ along, hull @ np.array([-along[1], along[0]])
    # The perpendicular segment at any u extends from the lower to the upper chain of the hull. Its length is concave
    # and piecewise linear in u, so the longest passes through a corner. The ends of the first diameter are the only
    # corners at the extremes of u (any other corner there would be further away), so both chains extend from end to
    # end.
    base = np.interp(u, [u[start], u[end]], [v[start], v[end]])
    upper, lower = v >= base - 1e-9, v <= base + 1e-9
    return length, float(np.max(_chain(u, v, upper) - _chain(u, v, lower)))


def abc2_height_mm(area: NDArray[np.number], heights_mm: FloatArray | None) -> float | None:
    """C of ABC/2 in mm, from a lesion's area on each slice, (n,) in any unit; None if the heights are unknown."""
    if heights_mm is None:
        return None
    fraction = area / area.max()
    weight = np.select([fraction > 0.75, fraction >= 0.25], [1.0, 0.5], default=0.0)
    return float(weight @ heights_mm)


def _hull_mm(pixels: Mask, pixel_mm: FloatArray) -> FloatArray:
    """(m, 2) corners of the convex hull in mm (row, column), from the outermost pixel corners of each row."""
    from scipy.spatial import ConvexHull  # slow to import, and only needed if there are lesions

    rows = np.flatnonzero(pixels.any(axis=1))
    first = pixels[rows].argmax(axis=1)
    past_last = pixels.shape[1] - pixels[rows, ::-1].argmax(axis=1)
    corners = np.array(
        [
            np.concatenate([rows, rows, rows + 1, rows + 1]),
            np.concatenate([first, past_last, first, past_last]),
        ],
        np.float64,
    ).T
    return np.asarray(corners[ConvexHull(corners).vertices] * pixel_mm, np.float64)


def _chain(u: FloatArray, v: FloatArray, on_chain: Mask) -> FloatArray:
    """The v of one chain of a convex polygon at every u."""
    order = np.argsort(u[on_chain])
    return np.interp(u, u[on_chain][order], v[on_chain][order])


def _side(part: Mask, corner: tuple[int, ...], head: HeadOutline) -> Side | None:
    """The patient's side on which a lesion lies; columns increase to the patient's left."""
    slices, _, columns = np.nonzero(part)
    middle = head.middle_column[slices + corner[0]]
    offset = (columns + corner[2] + 0.5 - middle) / head.width[slices + corner[0]]
    if not np.isfinite(offset).all():
        return None
    if np.mean(offset > MIDLINE_BAND) >= SIDE_SHARE:
        return "left"
    return "right" if np.mean(offset < -MIDLINE_BAND) >= SIDE_SHARE else "midline"
