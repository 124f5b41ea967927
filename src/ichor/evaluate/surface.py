"""Distances between the surfaces of a mask and of the delineation, in mm, in 3-D with the scan's own geometry.

A surface voxel is a voxel of the mask with a face neighbor outside of the mask (or of the volume); distances are
measured between the centers of surface voxels, each to the nearest one of the other surface. If the slices are 5 mm
apart, a shift by one slice is 5 mm, and two masks can lie within 2 mm of each other only in slices that both mark.

Conventions: a distance to an empty mask is not defined. A scan in which nothing was found therefore has no Hausdorff
distance and is left out of the mean, which states its number of scans; its surface Dice is 0. Two empty masks have a
surface Dice of 1.
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
_ROUNDING_MM = 1e-9  # so that a distance of exactly the tolerance is within it despite rounding


@dataclass(frozen=True, slots=True)
class SurfaceAgreement:
    """How well two surfaces agree.

    Attributes:
        hd95_mm: the larger of the two 95th percentiles of the distances from one surface to the other (Huttenlocher
            et al. 1993, with a percentile in place of their maximum); None if either mask is empty.
        dice_2mm: the share of both surfaces' voxels that lie within 2 mm of the other surface (Nikolov et al. 2021).
    """

    hd95_mm: float | None
    dice_2mm: float


def surface_agreement(mask: Mask, reference: Mask, scan: Scan) -> SurfaceAgreement | None:
    """Compare two masks (n, rows, columns) on the grid of `scan`; None if its spacing is unknown."""
    if scan.pixel_mm is None or scan.positions_mm is None:
        return None
    if not mask.any() or not reference.any():
        return SurfaceAgreement(None, float(mask.any() == reference.any()))
    forward, backward = surface_distances(mask, reference, scan)
    within = sum(int(np.sum(each <= TOLERANCE_MM + _ROUNDING_MM)) for each in (forward, backward))
    return SurfaceAgreement(
        hd95_mm=hausdorff_95(forward, backward),
        dice_2mm=within / (len(forward) + len(backward)),
    )


def surface_distances(mask: Mask, reference: Mask, scan: Scan) -> tuple[FloatArray, FloatArray]:
    """The distance in mm of each surface voxel of the mask to the reference's surface, and vice versa.

    Raises ValueError if either is empty, or if the spacing of `scan` is unknown.
    """
    points = [voxel_centres_mm(surface_voxels(one), scan) for one in (mask, reference)]
    if not all(len(one) for one in points):
        raise ValueError("expected two masks that are not empty, found an empty one")
    return nearest_distances(*points)


def nearest_distances(points: FloatArray, others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The distance of each of the points (m, d) to the nearest of the others (k, d), and vice versa."""
    return KDTree(others).query(points)[0], KDTree(points).query(others)[0]


def hausdorff_95(forward: FloatArray, backward: FloatArray) -> float:
    """The larger of the 95th percentiles of the distances from one surface to the other and back."""
    return float(max(np.percentile(forward, 95), np.percentile(backward, 95)))


def surface_voxels(mask: Mask) -> NDArray[np.int64]:
    """(m, 3) slice, row and column of the voxels of a mask with a face neighbor outside of it.

    For a single slice (rows, columns): (m, 2) row and column, where neighbors share an edge.
    """
    (box,) = ndimage.find_objects(mask.view(np.uint8)) or [None]
    if box is None:
        return np.empty((0, mask.ndim), np.int64)
    inside = ndimage.binary_erosion(mask[box])
    return np.asarray(np.argwhere(mask[box] & ~inside) + [one.start for one in box], np.int64)


def voxel_centres_mm(voxels: NDArray[np.int64], scan: Scan) -> FloatArray:
    """(m, 3) patient coordinates in mm of voxels (m, 3) given by slice, row and column.

    Raises ValueError if the spacing of `scan` is unknown.
    """
    if scan.pixel_mm is None or scan.positions_mm is None:
        raise ValueError("expected a scan of known spacing, found one of unknown")
    index, rows, columns = voxels.T
    down, right = scan.pixel_mm[index].T
    along_row, along_column = scan.orientation[index, 0], scan.orientation[index, 1]
    offset = (columns * right)[:, None] * along_row + (rows * down)[:, None] * along_column
    return np.asarray(scan.positions_mm[index] + offset, np.float64)
