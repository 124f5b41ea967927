"""Beam hardening by the skull: a bright rim along its inside, and dark and bright bands between the petrous bones.

Bone removes the soft part of the spectrum, so that a ray measures less attenuation the more bone it crosses. Scanners
correct this for water only; what is left grows, in second order, with the product of the bone and of everything on the
ray (Joseph and Spital 1978, J Comput Assist Tomogr 2:100). Inside a ring of bone, the result is cupping: brain is
brighter along the skull than in the middle, since rays through the middle cross the most tissue. Rays that cross both
petrous bones are affected most, so a dark band with bright edges lies between them. Scatter and off-focal radiation
blur the bone's own edge into the first millimeters of the brain, which is the rim that readers mistake for blood
(Barrett and Keat 2004, RadioGraphics 24:1679).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ichor.anatomy.skull import bone_and_tissue_inside
from ichor.dataset.case import Case
from ichor.simulate.projections import GRID_MM, WATER_PER_MM, CoarseSlices
from ichor.simulate.resample import Image, Mask, changed, hu_of, pixel_mm_of

_SOFT_BELOW_HU = 150.0
_EDGE_MM = 3.0  # over which the blurred edge of the bone falls to a third
_NEAR_MM, _DEEP_MM = (2.0, 6.0), 20.0  # where a rim is at its brightest, and where there is none
_BLUR_MM = 8.0  # of the bone, by whose amount the rim varies along the skull
_TYPICAL = 0.3  # share of bone within that blur beside an adult's vault
_CUPPING = 0.25  # of the rim; the rest is the blurred edge
_LOST = 0.02  # of the attenuation, for each unit of bone attenuation on the ray


def bright_rim(hu_at_bone: float, case: Case) -> Case:
    """The case with brain brighter by up to about `hu_at_bone` along the skull.

    A quarter is the cupping of hardened rays, which reaches deep; the rest is the blurred edge of the bone, which falls
    to a third over 3 mm and is stronger beside thicker bone. Bone itself is unchanged.
    """
    hu = hu_of(case)
    bone, inside = bone_and_tissue_inside(hu)
    if not inside.any():
        return changed(case, hu)
    grid, distance = CoarseSlices.of(case), _from_bone_mm(bone, pixel_mm_of(case))
    blur = _BLUR_MM / GRID_MM
    amount = grid.on_grid(ndimage.gaussian_filter(grid.averaged(bone), [0, blur, blur])) / _TYPICAL
    edge = np.exp(-distance / _EDGE_MM) * np.clip(amount, 0.3, 1.2)
    added = _CUPPING * _cupping(grid, inside, distance) + (1 - _CUPPING) * edge
    return changed(case, np.where(inside, hu + np.float32(hu_at_bone) * added, hu).astype(np.float32))


def petrous_bands(strength: float, case: Case) -> Case:
    """The case with the dark and bright bands of rays that cross much bone; 1 is a scanner that corrects water only."""
    slices = CoarseSlices.of(case)
    return changed(case, hu_of(case) + slices.error_hu(np.float32(-_LOST * strength) * _hardened(slices)))


def _cupping(slices: CoarseSlices, inside: Mask, distance: Image) -> Image:
    """(n, rows, columns) the cupping inside the skull: about 1 along the bone, 0 in the middle; smooth.

    Only what rises towards the bone is taken: between the petrous bones the error has other signs.
    """
    error = slices.projector.reconstruct(-_hardened(slices))
    smooth = slices.on_grid(error)
    found = np.zeros_like(smooth)
    for k in np.flatnonzero(inside.any(axis=(1, 2))):
        near = inside[k] & (distance[k] >= _NEAR_MM[0]) & (distance[k] <= _NEAR_MM[1])
        deep = inside[k] & (distance[k] >= _DEEP_MM)
        if not near.any() or not deep.any():
            continue
        middle, rim = np.median(smooth[k][deep]), np.percentile(smooth[k][near], 75)
        if rim > middle:
            found[k] = np.clip((smooth[k] - middle) / (rim - middle), 0, 1.2)
    return found


def _hardened(slices: CoarseSlices) -> Image:
    """(n, angles, detectors) the product of the attenuation by bone, beyond that of soft tissue, and by everything."""
    bone = np.asarray(WATER_PER_MM * np.maximum(slices.hu - _SOFT_BELOW_HU, 0) / 1000, np.float32)
    project = slices.projector.project
    return np.asarray(project(bone) * project(slices.attenuation()), np.float32)


def _from_bone_mm(bone: Mask, mm: tuple[float, float]) -> Image:
    """(n, rows, columns) the distance to bone on the same slice; 1000 where a slice has none."""
    found = np.full(bone.shape, 1000.0, np.float32)
    for k in np.flatnonzero(bone.any(axis=(1, 2))):
        found[k] = ndimage.distance_transform_edt(~bone[k], sampling=mm)
    return found
