"""The bright rim along the inside of the skull that beam hardening leaves, and its removal.

Hardened rays make brain brighter towards the skull, and the blurred edge of the bone adds to that within a few
millimeters (see `ichor.simulate.hardening`). How bright brain usually is at each distance from bone differs little
between heads, so what exceeds it all around the skull is the rim. Only the median at each distance is used, to which a
hematoma on one side contributes little. Distances are measured within slices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.skull import bone_and_tissue_inside, bone_from_hu
from ichor.scan import FloatArray

Mask = NDArray[np.bool_]

# Brain at 2 to 3 mm from bone, at 3 to 4 mm, and so on, minus brain at `DEEPER_MM`: the median over scans of ct-ich.
USUAL_HU = np.array([7.0, 5.0, 4.0, 4.0, 3.0, 3.0, 2.0, 2.0])
FIRST_MM = 2  # closer pixels may be partly bone; they are corrected like those at this distance
DEEPER_MM = (10.0, 16.0)
TISSUE_HU = (0.0, 150.0)
RIM_MM = slice(0, 4)  # of the profile, from 2 to 6 mm: where a rim is measured
MIN_HU = 3.5  # a smaller mean excess is none: scans of ct-ich have -3 to +3
COARSE_MM = 1.2  # pixels in which distances are measured
MAX_SLICES = 12  # measured
WIDE = 0.6  # measured are slices with at least this fraction of the largest intracranial area
MIN_PX = 50  # at each distance


def rim_hu(hu: NDArray[np.float32], pixel_mm: float) -> FloatArray:
    """(8,) how much brighter than usual brain is at 2 to 3 mm from bone, 3 to 4 mm, ..., 9 to 10 mm, in HU.

    `hu` is (n, rows, columns) with square pixels of `pixel_mm`. NaN at distances where too little brain is shown.
    """
    coarse = _coarse(hu, pixel_mm)
    bone, inside = bone_and_tissue_inside(coarse)
    area = np.count_nonzero(inside, axis=(1, 2))
    wide = np.flatnonzero((area >= WIDE * area.max()) & bone.any(axis=(1, 2)))
    some = wide[np.linspace(0, len(wide) - 1, min(len(wide), MAX_SLICES)).astype(int)] if len(wide) else wide
    values, distances = [np.empty(0)], [np.empty(0)]
    for k in some:
        tissue = inside[k] & (coarse[k] > TISSUE_HU[0]) & (coarse[k] < TISSUE_HU[1])
        values.append(coarse[k][tissue])
        distances.append(_from_bone_mm(bone[k], pixel_mm * _step(pixel_mm))[tissue])
    value, distance = np.concatenate(values), np.concatenate(distances)
    deeper = _median(value[(distance >= DEEPER_MM[0]) & (distance < DEEPER_MM[1])])
    at = [(distance >= mm) & (distance < mm + 1) for mm in range(FIRST_MM, FIRST_MM + len(USUAL_HU))]
    return np.asarray([_median(value[here]) - deeper for here in at] - USUAL_HU, np.float64)


def without_rim(hu: NDArray[np.float32], pixel_mm: float) -> NDArray[np.float32]:
    """The slices `hu` (n, rows, columns) without the rim; `hu` itself if there is none. Bone is not changed."""
    excess = rim_hu(hu, pixel_mm)
    if not np.mean(excess[RIM_MM]) >= MIN_HU:  # also if it is NaN
        return hu
    # A rim only falls with the distance.
    falling = np.maximum.accumulate(np.maximum(np.nan_to_num(excess), 0)[::-1])[::-1]
    middles = FIRST_MM + np.arange(len(falling)) + 0.5
    coarse, step = _coarse(hu, pixel_mm), _step(pixel_mm)
    bone, inside = bone_and_tissue_inside(coarse)
    bone_hu = bone_from_hu(hu)
    corrected = hu.copy()
    for k in np.flatnonzero(bone.any(axis=(1, 2))):
        added = np.interp(_from_bone_mm(bone[k], pixel_mm * step), middles, falling, right=0) * inside[k]
        fine = added.repeat(step, axis=0).repeat(step, axis=1)[: hu.shape[1], : hu.shape[2]]
        corrected[k] -= np.where(hu[k] < bone_hu, fine, 0).astype(np.float32)
    return corrected


def _step(pixel_mm: float) -> int:
    return max(1, round(COARSE_MM / pixel_mm))


def _coarse(hu: NDArray[np.float32], pixel_mm: float) -> NDArray[np.float32]:
    """Every so many pixels, so that they are about `COARSE_MM` apart."""
    step = _step(pixel_mm)
    return hu[:, ::step, ::step]


def _from_bone_mm(bone: Mask, pixel_mm: float) -> FloatArray:
    """(rows, columns) the distance to bone on one slice, which shows some."""
    return np.asarray(ndimage.distance_transform_edt(~bone, sampling=pixel_mm), np.float64)


def _median(values: FloatArray) -> float:
    return float(np.median(values)) if values.size >= MIN_PX else float("nan")
