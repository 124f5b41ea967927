"""Noise as in a scanner: by dose and slice thickness, stronger behind bone, streaked between the petrous bones.

The variance of a measured ray is inversely proportional to the number of photons that reach the detector, so it grows
exponentially with the attenuation along the ray; the variance of a pixel is the mean over the rays through it. The
number of photons is proportional to dose and slice thickness, so noise grows with the inverse square root of both
(Brooks and Di Chiro 1976, Med Phys 3:237). The spectrum is that of `ichor.train.ct_noise`.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.geometry import thickness
from ichor.simulate.projections import CoarseSlices
from ichor.simulate.resample import Image, changed, hu_of, pixel_mm_of, slices_of
from ichor.train import ct_noise as train

_PEAK_PER_MM = 0.25  # the frequency at which the noise of a soft kernel is strongest
_TISSUE_HU = (0.0, 80.0)
_BLUR_MM = 1.5  # beyond which a difference of a pixel from its surroundings is anatomy rather than noise


def low_dose(sd_hu: float, case: Case, seed: int = 0) -> Case:
    """The case with more noise: `sd_hu` on the median of brain, more where rays cross much bone, less at the vertex."""
    hu = hu_of(case)
    return changed(case, hu + np.float32(sd_hu) * _noise(case, seed) * _relative(case))


def thin_slices(mm: float, case: Case, seed: int = 0) -> Case:
    """The case with thinner slices, and the noise of their thickness.

    Interpolation between thick slices lowers the noise, which is restored first. Detail within a thick slice is lost
    and cannot be restored. Raises ValueError if the slices are not thinner than those of the case.
    """
    heights = slices_of(case)[1]
    thick = float(np.median(heights))
    if mm >= thick:
        raise ValueError(f"expected slices thinner than {thick:g} mm, found {mm:g} mm")
    thin, wanted = thickness(mm, case), measured_noise(case) * np.sqrt(thick / mm)
    missing = max(0.0, wanted**2 - measured_noise(thin) ** 2) ** 0.5
    return low_dose(missing, thin, seed)


def measured_noise(case: Case) -> float:
    """The noise of brain in HU: by the median difference of a voxel from its surroundings on the slice; 0 without."""
    hu, found = hu_of(case), []
    for one in hu[len(hu) // 3 : len(hu) - len(hu) // 3]:
        rough = one - ndimage.gaussian_filter(one, [_BLUR_MM / mm for mm in pixel_mm_of(case)])
        tissue = ndimage.binary_erosion((one > _TISSUE_HU[0]) & (one < _TISSUE_HU[1]), iterations=3)
        if tissue.any():
            found.append(1.4826 * float(np.median(np.abs(rough[tissue]))))
    return float(np.median(found)) if found else 0.0


def _noise(case: Case, seed: int) -> Image:
    """(n, rows, columns) of standard deviation 1, independent for each slice."""
    white = torch.from_numpy(np.random.default_rng(seed).standard_normal(case.mask.shape, np.float32))
    noise = train.ct_noise(white, torch.tensor(_PEAK_PER_MM), pixel_mm_of(case)).numpy()
    return np.asarray(noise / noise.std(), np.float32)


def _relative(case: Case) -> Image:
    """(n, rows, columns) the standard deviation of each pixel, relative to the median of brain in the scan."""
    grid = CoarseSlices.of(case)
    variance = grid.projector.back(np.exp(grid.projector.project(grid.attenuation())))
    brain = (grid.hu > _TISSUE_HU[0]) & (grid.hu < _TISSUE_HU[1])
    usual = float(np.median(variance[brain])) if brain.any() else float(np.median(variance))
    return np.sqrt(np.maximum(grid.on_grid(variance), 0) / np.float32(usual))
