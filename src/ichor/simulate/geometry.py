"""Simulated changes of the geometry: slice thickness, gantry tilt, position of the head, and field of view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.head import find_head
from ichor.dataset.case import Case
from ichor.scan import FloatArray
from ichor.simulate.resample import (
    HALF,
    Image,
    changed,
    hu_of,
    in_plane,
    on_planes,
    pixel_mm_of,
    regridded,
    slices_of,
)


def thickness(mm: float, case: Case) -> Case:
    """The case with contiguous slices of another thickness, from the lower side of the lowest slice on.

    A thicker slice is the mean of the slices that it overlaps, weighted by overlap. A thinner one is interpolated
    between the centers of the slices, and gains neither detail nor noise.
    """
    scan, (along, heights) = case.scan, slices_of(case)
    middles = (along[1:] + along[:-1]) / 2
    low = np.r_[along[0] - heights[0] / 2, middles]
    high = np.r_[middles, along[-1] + heights[-1] / 2]
    n = int(np.ceil((high[-1] - low[0]) / mm - 1e-6))
    centres = low[0] + mm * (np.arange(n) + 0.5)
    if mm > np.median(heights) - 1e-6:
        overlap = np.minimum(high, centres[:, None] + mm / 2) - np.maximum(low, centres[:, None] - mm / 2)
        weights = np.maximum(overlap, 0) / np.maximum(overlap, 0).sum(axis=1, keepdims=True)
    else:
        places = np.interp(centres, along, np.arange(len(along)))
        weights = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(len(along))))
    assert scan.positions_mm is not None and scan.pixel_mm is not None
    table_direction = (scan.positions_mm[-1] - scan.positions_mm[0]) / along[-1] if len(along) > 1 else scan.normal
    nearest = weights.argmax(axis=1)

    def mixed(values: NDArray[np.generic]) -> Image:
        flat = weights.astype(np.float32) @ values.reshape(len(along), -1).astype(np.float32)
        return np.asarray(flat.reshape(n, *values.shape[1:]))

    return changed(
        case,
        mixed(scan.hu),
        mixed(case.mask) >= HALF,
        comes_from=weights > 0,
        positions_mm=scan.positions_mm[0] + (centres - along[0])[:, None] * table_direction,
        pixel_mm=scan.pixel_mm[nearest],
        orientation=scan.orientation[nearest],
        thickness_mm=np.full(n, mm),
    )


def flipped(case: Case) -> Case:
    """The case with left and right exchanged."""
    return changed(case, np.ascontiguousarray(hu_of(case)[..., ::-1]), np.ascontiguousarray(case.mask[..., ::-1]))


def turned(degrees: float, case: Case) -> Case:
    """The case with the head turned to the patient's right, about its center."""
    mm, centre = np.array(pixel_mm_of(case)), np.array(find_head(case.scan).centre)
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) * mm / mm[:, None]
    return changed(case, *in_plane(case, matrix, centre - matrix @ centre))


def nodded(degrees: float, case: Case) -> Case:
    """The case with the head nodded, chin to chest, about the left-right axis through its center."""
    along, (up_mm, back_mm) = slices_of(case)[0], _from_centre_mm(case)
    a = np.radians(degrees)
    places_mm = (along[0] + along[-1]) / 2 + np.cos(a) * up_mm[:, None] - np.sin(a) * back_mm
    rows = (np.sin(a) * up_mm[:, None] + np.cos(a) * back_mm - back_mm[0]) / pixel_mm_of(case)[0]
    return changed(case, **on_planes(case, places_mm, rows))


def tilted(degrees: float, case: Case) -> Case:
    """The case with the gantry tilted so that the front of the slices is higher; the table moves as before."""
    scan, along, back_mm = case.scan, slices_of(case)[0], _from_centre_mm(case)[1]
    a = np.radians(degrees)
    places_mm = along[:, None] - np.sin(a) * back_mm
    rows = np.tile((np.cos(a) * back_mm - back_mm[0]) / pixel_mm_of(case)[0], (len(along), 1))
    down = scan.orientation[:, 1]
    tilted_down = np.cos(a) * down - np.sin(a) * scan.normal
    assert scan.positions_mm is not None
    return changed(
        case,
        **on_planes(case, places_mm, rows),
        positions_mm=scan.positions_mm + back_mm[0] * (tilted_down - down),
        orientation=np.stack([scan.orientation[:, 0], tilted_down], axis=1),
    )


def wide_field(factor: float, off_mm: tuple[float, float], case: Case) -> Case:
    """The case with a field of view larger by `factor`, and the head `off_mm` (row, column) away from its center."""
    centre, middle = np.array(find_head(case.scan).centre), (np.array(case.mask.shape[1:]) - 1) / 2
    place = middle + np.array(off_mm) / (factor * np.array(pixel_mm_of(case)))
    return regridded(case, factor, centre - factor * place)


def cut_off(mm: float, case: Case) -> Case:
    """The case with the image moved so that `mm` of the head's left side are outside of it."""
    end_column = find_head(case.scan).columns[1] - mm / pixel_mm_of(case)[1]
    return regridded(case, 1.0, np.array([0.0, round(end_column) - case.mask.shape[2]]))


def _from_centre_mm(case: Case) -> tuple[FloatArray, FloatArray]:
    """The distance in mm of each slice above the middle of the scan, (n,), and of each row behind the head's center."""
    along, row_mm = slices_of(case)[0], pixel_mm_of(case)[0]
    back_mm = np.asarray((np.arange(case.mask.shape[1]) - find_head(case.scan).centre[0]) * row_mm, np.float64)
    return along - (along[0] + along[-1]) / 2, back_mm
