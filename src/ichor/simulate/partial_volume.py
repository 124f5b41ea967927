"""Partial volume where the skull slopes: at the vertex and the base, thick slices average bone into the brain.

A slice has the mean of what lies within its thickness, so bone that covers a part of it makes brain as bright as blood.
Scanners average intensities rather than attenuation, so that rays along the edge of bone measure too little, which adds
dark streaks (Glover and Pelc 1980, Med Phys 7:238).
"""

from __future__ import annotations

import numpy as np

from ichor.dataset.case import Case
from ichor.simulate.projections import CoarseSlices
from ichor.simulate.resample import Image, changed, hu_of, slices_of

_PARTS = 5  # into which a thick slice is divided


def partial_volume(thickness_mm: float, case: Case) -> Case:
    """The case with slices at the same positions that are `thickness_mm` thick, and so overlap.

    What lies between the slices is interpolated. Delineations are unchanged, because blood that only enters a slice
    by its thickness is fainter than what readers outline.
    """
    hu, (along, _) = hu_of(case), slices_of(case)
    parts = [_at(hu, along, along + off) for off in thickness_mm * ((np.arange(_PARTS) + 0.5) / _PARTS - 0.5)]
    mean = np.mean(parts, axis=0, dtype=np.float32)
    grid = CoarseSlices.of(case)
    coarse = [grid.projector.project(grid.attenuation(grid.averaged(one + 1000) - 1000)) for one in parts]
    error = -np.log(np.mean(np.exp(-np.stack(coarse)), axis=0)) - np.mean(coarse, axis=0)
    return changed(case, mean + grid.error_hu(np.asarray(error, np.float32)))


def _at(hu: Image, along: np.ndarray, places: np.ndarray) -> Image:
    """The slices interpolated at places along the normal, in mm; the outermost ones are repeated."""
    index = np.interp(places, along, np.arange(len(along)))
    low = np.floor(index).astype(int)
    high = np.minimum(low + 1, len(along) - 1)
    share = (index - low).astype(np.float32)[:, None, None]
    return np.asarray(hu[low] * (1 - share) + hu[high] * share, np.float32)
