"""Streaks of metal: a clip, a coil, an electrode or fillings.

Rays through metal are hardened and starved of photons: they measure too little, and noisily (De Man et al. 1999, IEEE
Trans Nucl Sci 46:691). Reconstruction spreads that over the slice as dark and bright streaks that radiate from it.
"""

from __future__ import annotations

import numpy as np

from ichor.dataset.case import Case
from ichor.simulate.projections import CoarseSlices
from ichor.simulate.resample import changed, hu_of, pixel_mm_of

_METAL_PER_MM = 0.5  # of titanium or a dental alloy at 65 keV, about 25 times water
_HARDENED = 0.08  # share of the attenuation lost for each unit of it that the ray crosses in metal
_PHOTONS = 2e5  # per ray without an object
_BRIGHTEST_HU = 3000.0


def metal_streaks(slices: range, centre_mm: tuple[float, float], radius_mm: float, case: Case, seed: int = 0) -> Case:
    """The case with a cylinder of metal on these slices and the streaks that it causes.

    `centre_mm` is (down, right) from the middle of the image. The same seed gives the same noise.
    """
    hu, grid = hu_of(case).copy(), CoarseSlices.of(case)
    some = [k for k in slices if 0 <= k < len(hu)]
    if not some:
        return changed(case, hu)
    own = _disc(hu.shape[1:], pixel_mm_of(case), centre_mm, radius_mm)
    coarse = grid.averaged(np.broadcast_to(own, (len(some), *own.shape)))
    through = grid.projector.project(np.asarray(_METAL_PER_MM * coarse, np.float32))
    tissue = grid.projector.project(grid.attenuation()[some])
    true = tissue + through
    counted = np.random.default_rng(seed).poisson(_PHOTONS * np.exp(-true)) + 1.0
    starved = np.where(through > 0, -np.log(counted / _PHOTONS) - true, 0)
    error = starved - _HARDENED * through * true
    hu[some] += grid.of_slices(some).error_hu(np.asarray(error, np.float32))
    hu[some] = np.where(own, _BRIGHTEST_HU, hu[some])
    return changed(case, hu)


def _disc(
    shape: tuple[int, ...], mm: tuple[float, float], centre_mm: tuple[float, float], radius_mm: float
) -> np.ndarray:
    down, right = (((np.arange(n) - (n - 1) / 2) * step - at) for n, step, at in zip(shape, mm, centre_mm, strict=True))
    return np.asarray(np.hypot(down[:, None], right) <= radius_mm)
