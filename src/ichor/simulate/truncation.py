"""Truncation: a head that extends beyond the scanner's field of measurement.

Rays outside of the field are not measured, and reconstruction treats them as air. The edge of the field is then too
bright, because the filter moves the missing attenuation there (Ohnesorge et al. 2000, Med Phys 27:39). Scanners
extrapolate the projections smoothly, which removes only part of this bright edge.
"""

from __future__ import annotations

import numpy as np

from ichor.dataset.case import Case
from ichor.simulate.projections import GRID_MM, CoarseSlices
from ichor.simulate.resample import AIR_HU, changed, hu_of, pixel_mm_of

_CONTINUED_MM = 20.0  # over which a scanner lets the projections fall to zero beyond the field


def truncated(radius_mm: float, case: Case) -> Case:
    """The case measured in a circle of this radius about the middle of the image only; outside of it is air.

    Delineations outside of it are lost.
    """
    grid = CoarseSlices.of(case)
    rays = grid.projector.project(grid.attenuation())
    place_mm = (np.arange(grid.projector.detectors) - (grid.projector.detectors - 1) / 2) * GRID_MM
    beyond = np.maximum(np.abs(place_mm) - radius_mm, 0)
    edges = np.flatnonzero(beyond == 0)[[0, -1]]
    nearest = np.where(place_mm < 0, edges[0], edges[1])
    continued = rays[:, :, nearest] * (np.cos(np.pi * np.minimum(beyond / _CONTINUED_MM, 1)) + 1) / 2
    error = np.where(beyond > 0, continued - rays, 0).astype(np.float32)
    down, right = (
        (np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(case.mask.shape[1:], pixel_mm_of(case), strict=True)
    )
    seen = np.hypot(down[:, None], right) <= radius_mm
    every = np.eye(case.scan.n_slices, dtype=bool)
    return changed(case, np.where(seen, hu_of(case) + grid.error_hu(error), AIR_HU), case.mask & seen, every)
