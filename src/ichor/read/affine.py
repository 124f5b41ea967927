"""The geometry of a volume: slice positions, rows and columns from the affine of its array.

For every format that stores a volume as one array. Its axes come in any order and direction; a scan here is (slices,
rows, columns) in LPS, with columns towards the left, rows towards posterior and slices towards superior. nibabel
matches each axis with the closest one; an oblique, tilted or sheared grid keeps its true directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.imports import nibabel
from ichor.scan import FloatArray

# NIfTI uses RAS; DICOM, ITK and scans here use LPS.
LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])
RAS_TO_LPS = LPS_TO_RAS


def is_grid(axes: FloatArray) -> bool:
    """Whether three axes (columns of a 3x3 matrix) are independent, none thousands of times longer than another."""
    return bool(np.isfinite(axes).all()) and float(np.linalg.cond(axes)) < 1e4


def axes_to_scan(affine: FloatArray) -> FloatArray:
    """nibabel's (3, 2) orientation from the axes of a (4, 4) affine to those of a scan, as in NiftiGrid."""
    orientations = nibabel().orientations
    stored, wanted = orientations.io_orientation(affine), orientations.axcodes2ornt(("L", "P", "S"))
    return np.asarray(orientations.ornt_transform(stored, wanted), np.float64)


def reorient(values: NDArray[Any], transform: FloatArray) -> NDArray[Any]:
    """An array on the file's axes as (slices, rows, columns); `transform` is from `axes_to_scan`."""
    return np.ascontiguousarray(nibabel().apply_orientation(values, transform).transpose(2, 1, 0))


def geometry(affine_mm: FloatArray, shape: tuple[int, int, int]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(2,) pixel size, (n, 3) positions and (2, 3) orientation as in Scan, from an affine to RAS in mm."""
    transform = axes_to_scan(affine_mm)
    to_ras = affine_mm @ nibabel().orientations.inv_ornt_aff(transform, shape)
    columns, rows, slices, origin = (to_ras[:3] * RAS_TO_LPS[:, None]).T
    pixel_mm = np.array([np.linalg.norm(rows), np.linalg.norm(columns)])
    orientation = np.stack([columns / pixel_mm[1], rows / pixel_mm[0]])
    n = shape[slice_axis(transform)]
    return pixel_mm, origin + np.arange(n)[:, None] * slices, orientation


def slice_axis(transform: FloatArray) -> int:
    """The file's axis that runs from slice to slice; `transform` is from `axes_to_scan`."""
    return int(np.flatnonzero(transform[:, 0] == 2)[0])


def bend_deg(orientation: FloatArray) -> float:
    """The deviation from 90 degrees of the angle between the (2, 3) directions of a slice."""
    return float(np.degrees(np.abs(np.arcsin(np.clip(orientation[0] @ orientation[1], -1, 1)))))


def without_shear(affine: FloatArray, axis: int) -> FloatArray:
    """The (4, 4) affine with one axis made perpendicular to the other two, keeping the distance of its planes."""
    result = affine.copy()
    first, second = (affine[:3, one] for one in range(3) if one != axis)
    normal = np.cross(first, second)
    normal /= np.linalg.norm(normal)
    result[:3, axis] = normal * (affine[:3, axis] @ normal)
    return result
