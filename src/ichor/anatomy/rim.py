"""The bright rim along the inside of the skull that beam hardening leaves, and its removal.

Hardened rays make brain brighter towards the skull, and the blurred edge of the bone adds to that within a few
millimeters (see `ichor.simulate.hardening`). How bright brain usually is at each distance from bone differs little
between heads, so what exceeds it all around the skull is the rim. Distances are measured within slices.

Blood along the skull is bright, too, and may cover most of both sides, but it does not cross the falx: subdural
hematomas end in front and at the back. So it is no rim if brain is much darker in two opposite places than elsewhere
beside the skull. Otherwise, the most urgent hematomas would be removed as rims.

A single slice shows too little of the brain's edge to tell one from the other, and is not changed.
"""

from __future__ import annotations

from typing import NamedTuple

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
DEEPER_HU = 20.0  # a darker median there is of fluid: brain around wide ventricles would look like a rim
TISSUE_HU = (0.0, 150.0)
RIM_MM = slice(0, 4)  # of the profile, from 2 to 6 mm: where a rim is measured
MIN_HU = 3.5  # a smaller mean excess is none: scans of ct-ich have -3 to +3
# Around the head, each compared with its own deeper brain; so narrow that most of one lies in any gap of 20 degrees.
SECTORS = 32
MIN_KNOWN = 24  # of them
SPREAD_HU = 3.0  # by which the darkest opposite sectors are usually below the median of all where there is no rim
MIN_SHARE = 0.8  # of the median that must be there all around
COARSE_MM = 1.2  # pixels in which distances are measured
MAX_SLICES = 12  # measured
WIDE = 0.6  # measured are slices with at least this fraction of the largest intracranial area
MIN_PX = 50  # at each distance, or in a sector


class _Tissue(NamedTuple):
    """The measured pixels: their HU, their distances from bone in mm, and their sectors."""

    hu: FloatArray
    from_bone_mm: FloatArray
    sector: NDArray[np.intp]


def rim_hu(hu: NDArray[np.float32], pixel_mm: float) -> FloatArray:
    """(8,) how much brighter than usual brain is at 2 to 3 mm from bone, 3 to 4 mm, ..., 9 to 10 mm, in HU.

    `hu` is (n, rows, columns) with square pixels of `pixel_mm`. NaN at distances where too little brain is shown;
    everywhere if there is fluid, not brain, deeper in the head.
    """
    return _excess(_tissue(hu, pixel_mm))


def without_rim(hu: NDArray[np.float32], pixel_mm: float) -> NDArray[np.float32]:
    """The slices `hu` (n, rows, columns) without the rim; `hu` itself if there is none. Bone is not changed."""
    tissue = _tissue(hu, pixel_mm)
    excess = _excess(tissue)
    # The mean is NaN if too little brain is shown.
    if not np.mean(excess[RIM_MM]) >= MIN_HU or not _is_all_around(tissue):
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


def _tissue(hu: NDArray[np.float32], pixel_mm: float) -> _Tissue:
    """The tissue on some of the slices that show much of the inside of the skull."""
    coarse = _coarse(hu, pixel_mm)
    bone, inside = bone_and_tissue_inside(coarse)
    area = np.count_nonzero(inside, axis=(1, 2))
    wide = np.flatnonzero((area >= WIDE * area.max()) & (area > 0) & bone.any(axis=(1, 2)))
    some = wide[np.linspace(0, len(wide) - 1, min(len(wide), MAX_SLICES)).astype(int)] if len(wide) else wide
    values, distances, sectors = [np.empty(0)], [np.empty(0)], [np.empty(0, np.intp)]
    for k in some:
        rows, columns = np.nonzero(inside[k] & (coarse[k] > TISSUE_HU[0]) & (coarse[k] < TISSUE_HU[1]))
        values.append(coarse[k][rows, columns])
        distances.append(_from_bone_mm(bone[k], pixel_mm * _step(pixel_mm))[rows, columns])
        sectors.append(_sectors(rows, columns, ndimage.center_of_mass(inside[k])))
    return _Tissue(np.concatenate(values), np.concatenate(distances), np.concatenate(sectors))


def _excess(tissue: _Tissue) -> FloatArray:
    """As `rim_hu`: the medians over all sectors."""
    deeper = _median(tissue.hu[_deeper(tissue)])
    if deeper < DEEPER_HU:
        return np.full(len(USUAL_HU), np.nan)
    distance = tissue.from_bone_mm
    at = [(distance >= mm) & (distance < mm + 1) for mm in range(FIRST_MM, FIRST_MM + len(USUAL_HU))]
    return np.asarray([_median(tissue.hu[here]) - deeper for here in at] - USUAL_HU, np.float64)


def _is_all_around(tissue: _Tissue) -> bool:
    """Whether brain beside bone is bright all around the skull; False if too little of it is shown."""
    near, deeper = _near(tissue), _deeper(tissue)
    above = tissue.hu[near] - USUAL_HU[(tissue.from_bone_mm[near] - FIRST_MM).astype(int)]
    sectors = np.array(
        [
            _median(above[tissue.sector[near] == k]) - _median(tissue.hu[deeper & (tissue.sector == k)])
            for k in range(SECTORS)
        ]
    )
    if np.isfinite(sectors).sum() < MIN_KNOWN:
        return False
    middle = float(np.nanmedian(sectors))
    darkest = _darkest_opposite(np.where(np.isfinite(sectors), sectors, middle))
    return darkest + SPREAD_HU >= MIN_SHARE * middle


def _darkest_opposite(sectors: FloatArray) -> float:
    """The brighter of two opposite sectors, or sectors next to those, where it is least."""
    half = len(sectors) // 2
    opposite = np.min([np.roll(sectors, half + turn) for turn in (-1, 0, 1)], axis=0)
    return float(np.maximum(sectors, opposite).min())


def _near(tissue: _Tissue) -> Mask:
    first, last = RIM_MM.start + FIRST_MM, RIM_MM.stop + FIRST_MM
    return (tissue.from_bone_mm >= first) & (tissue.from_bone_mm < last)


def _deeper(tissue: _Tissue) -> Mask:
    return (tissue.from_bone_mm >= DEEPER_MM[0]) & (tissue.from_bone_mm < DEEPER_MM[1])


def _sectors(rows: NDArray[np.intp], columns: NDArray[np.intp], centre: tuple[float, float]) -> NDArray[np.intp]:
    """The sector of each of these pixels about the center (row, column); the middle of sector 0 is to the right."""
    turn = np.arctan2(rows - centre[0], columns - centre[1]) / (2 * np.pi)
    return np.asarray(np.rint(turn * SECTORS) % SECTORS, np.intp)


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
