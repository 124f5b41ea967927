"""Other slices, another place of the head, another field of view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.head import find_head
from ichor.dataset.case import Case
from ichor.scan import FloatArray
from studies.robustness.acquisition.resample import (
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
    """Slices of another thickness, one upon the other from the lowest slice's lower side.

    A slice is the mean over its thickness: a thicker one is that of the slices it overlaps, by how far it does. A
    thinner one is interpolated between the slices' centres; there is no detail or noise that it could gain.
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
    table = (scan.positions_mm[-1] - scan.positions_mm[0]) / along[-1] if len(along) > 1 else scan.normal
    nearest = weights.argmax(axis=1)

    def mixed(values: NDArray[np.generic]) -> Image:
        flat = weights.astype(np.float32) @ values.reshape(len(along), -1).astype(np.float32)
        return np.asarray(flat.reshape(n, *values.shape[1:]))

    return changed(
        case,
        mixed(scan.hu),
        mixed(case.mask) >= HALF,
        comes_from=weights > 0,
        positions_mm=scan.positions_mm[0] + (centres - along[0])[:, None] * table,
        pixel_mm=scan.pixel_mm[nearest],
        orientation=scan.orientation[nearest],
        thickness_mm=np.full(n, mm),
    )


def flipped(case: Case) -> Case:
    """The patient's left for the right."""
    return changed(case, np.ascontiguousarray(hu_of(case)[..., ::-1]), np.ascontiguousarray(case.mask[..., ::-1]))


def turned(degrees: float, case: Case) -> Case:
    """The head turned to the patient's right, about its own centre."""
    mm, centre = np.array(pixel_mm_of(case)), np.array(find_head(case.scan).centre)
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) * mm / mm[:, None]
    return changed(case, *in_plane(case, matrix, centre - matrix @ centre))


def nodded(degrees: float, case: Case) -> Case:
    """The head turned about the left-right axis, the chin to the chest, about its own centre."""
    along, (up_mm, back_mm) = slices_of(case)[0], _from_centre_mm(case)
    a = np.radians(degrees)
    places_mm = (along[0] + along[-1]) / 2 + np.cos(a) * up_mm[:, None] - np.sin(a) * back_mm
    rows = (np.sin(a) * up_mm[:, None] + np.cos(a) * back_mm - back_mm[0]) / pixel_mm_of(case)[0]
    return changed(case, **on_planes(case, places_mm, rows))


def tilted(degrees: float, case: Case) -> Case:
    """The gantry tilted so that the slices' front lies higher; the table moves as before."""
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
    """Pixels larger by a factor, as many as before, and the head's centre so far (row, column) from the image's."""
    centre, middle = np.array(find_head(case.scan).centre), (np.array(case.mask.shape[1:]) - 1) / 2
    place = middle + np.array(off_mm) / (factor * np.array(pixel_mm_of(case)))
    return regridded(case, factor, centre - factor * place)


def cut_off(mm: float, case: Case) -> Case:
    """The image moved so that its border cuts so much off the head's left side."""
    past_last = find_head(case.scan).columns[1] - mm / pixel_mm_of(case)[1]
    return regridded(case, 1.0, np.array([0.0, round(past_last) - case.mask.shape[2]]))


def _from_centre_mm(case: Case) -> tuple[FloatArray, FloatArray]:
    """How far each slice lies above the middle of the scan, (n,), and each row behind the head's centre, (rows,)."""
    along, row_mm = slices_of(case)[0], pixel_mm_of(case)[0]
    back_mm = np.asarray((np.arange(case.mask.shape[1]) - find_head(case.scan).centre[0]) * row_mm, np.float64)
    return along - (along[0] + along[-1]) / 2, back_mm
