"""How far the surface of a mask lies from the delineation's, in mm, in 3-D with the scan's own geometry.

A surface voxel is one of which a neighbour by a face is not in the mask (outside of the volume nothing is); distances
are those between the centres of surface voxels, each to the nearest of the other surface. Where the slices are 5 mm
apart a shift by one slice is 5 mm, and two masks that overlap can still lie within 2 mm only in the slices they share.

Conventions: a distance to an empty mask is not defined, so that a scan of which nothing was found has no Hausdorff
distance and is left out of its mean, which says over how many scans it is; its surface Dice is 0. Two empty masks have
a surface Dice of 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from ichor.scan import FloatArray, Scan

Mask = NDArray[np.bool_]

TOLERANCE_MM = 2.0
_ROUNDING_MM = 1e-9  # a distance of exactly the tolerance is within it, however its terms were rounded


@dataclass(frozen=True, slots=True)
class SurfaceAgreement:
    """How well two surfaces agree.

    Attributes:
        hd95_mm: the larger of the two 95th percentiles of the distances from one surface to the other (Huttenlocher
            et al. 1993, with a percentile for their maximum); None if either mask is empty.
        dice_2mm: the share of both surfaces' voxels that lie within 2 mm of the other surface (Nikolov et al. 2021).
    """

    hd95_mm: float | None
    dice_2mm: float


def surface_agreement(mask: Mask, reference: Mask, scan: Scan) -> SurfaceAgreement | None:
    """The agreement of two masks (n, rows, columns) on the grid of `scan`; None if its spacing is unknown."""
    if scan.pixel_mm is None or scan.positions_mm is None:
        return None
    if not mask.any() or not reference.any():
        return SurfaceAgreement(None, float(mask.any() == reference.any()))
    there, back = surface_distances(mask, reference, scan)
    within = sum(int(np.sum(each <= TOLERANCE_MM + _ROUNDING_MM)) for each in (there, back))
    return SurfaceAgreement(
        hd95_mm=hausdorff_95(there, back),
        dice_2mm=within / (len(there) + len(back)),
    )


def surface_distances(mask: Mask, reference: Mask, scan: Scan) -> tuple[FloatArray, FloatArray]:
    """The distance in mm of each surface voxel of the mask to the reference's surface, and the other way around.

    Raises ValueError if either is empty, or if the spacing of `scan` is unknown.
    """
    points = [voxel_centres_mm(surface_voxels(one), scan) for one in (mask, reference)]
    if not all(len(one) for one in points):
        raise ValueError("expected two masks that are not empty, found an empty one")
    return nearest_distances(*points)


def nearest_distances(points: FloatArray, others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The distance of each of the points (m, d) to the nearest of the others (k, d), and the other way around."""
    return KDTree(others).query(points)[0], KDTree(points).query(others)[0]


def hausdorff_95(there: FloatArray, back: FloatArray) -> float:
    """The larger of the 95th percentiles of the distances from one surface to the other and back."""
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def surface_voxels(mask: Mask) -> NDArray[np.int64]:
    """(m, 3) slice, row and column of the voxels of a mask of which a neighbour by a face is not in it.

    Of a single slice (rows, columns) it gives (m, 2) row and column, where a face is an edge.
    """
    (box,) = ndimage.find_objects(mask.view(np.uint8)) or [None]
    if box is None:
        return np.empty((0, mask.ndim), np.int64)
    inside = ndimage.binary_erosion(mask[box])
    return np.asarray(np.argwhere(mask[box] & ~inside) + [one.start for one in box], np.int64)


def voxel_centres_mm(voxels: NDArray[np.int64], scan: Scan) -> FloatArray:
    """(m, 3) in the patient's system of voxels (m, 3) given by slice, row and column, in mm.

    Raises ValueError if the spacing of `scan` is unknown.
    """
    if scan.pixel_mm is None or scan.positions_mm is None:
        raise ValueError("expected a scan of known spacing, found one of unknown")
    index, rows, columns = voxels.T
    down, right = scan.pixel_mm[index].T
    along_row, along_column = scan.orientation[index, 0], scan.orientation[index, 1]
    offset = (columns * right)[:, None] * along_row + (rows * down)[:, None] * along_column
    return np.asarray(scan.positions_mm[index] + offset, np.float64)
