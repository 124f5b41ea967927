"""Simulated changes of the image: kernel, noise and gray values. The geometry is unchanged."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.resample import Image, changed, hu_of, pixel_mm_of
from ichor.train import ct_noise as train
from ichor.windows import GrayWindow

# The spatial frequency at which the power of CT noise is highest, for a soft kernel.
NOISE_PEAK_PER_MM = 0.25


def smooth_kernel(sigma_mm: float, case: Case) -> Case:
    """A smoother kernel: in-plane Gaussian blurring."""
    return changed(case, _blurred(case, sigma_mm))


def sharp_kernel(sigma_mm: float, amount: float, case: Case) -> Case:
    """A sharper kernel: in-plane unsharp masking, which amplifies noise, too."""
    hu = hu_of(case)
    return changed(case, hu + np.float32(amount) * (hu - _blurred(case, sigma_mm)))


def white_noise(sd_hu: float, case: Case, seed: int) -> Case:
    """White noise, the same in every call with the same seed."""
    noise = np.random.default_rng(seed).standard_normal(case.mask.shape, np.float32)
    return changed(case, hu_of(case) + np.float32(sd_hu) * noise)


def ct_noise(sd_hu: float, case: Case, seed: int) -> Case:
    """In-plane noise whose power peaks at NOISE_PEAK_PER_MM, independent for each slice.

    It is the same in every call with the same seed.
    """
    white = torch.from_numpy(np.random.default_rng(seed).standard_normal(case.mask.shape, np.float32))
    noise = train.ct_noise(white, torch.tensor(NOISE_PEAK_PER_MM), pixel_mm_of(case)).numpy()
    return changed(case, hu_of(case) + np.float32(sd_hu) * noise / noise.std())


def hu_offset(hu: float, case: Case) -> Case:
    """All voxels brighter by `hu`."""
    return changed(case, hu_of(case) + np.float32(hu))


def gray_images(window: GrayWindow, case: Case) -> Case:
    """8-bit images in one gray window; values outside the window are lost."""
    gray = np.rint(window.gray(hu_of(case))).astype(np.uint8)
    return changed(case, gray, gray_window=window)


def noise_hu(case: Case) -> float:
    """The noise of the brain in HU: the median standard deviation in squares of 5 mm, of pixels of about 0.8 mm.

    Only squares on the middle third of the slices whose mean is that of brain or blood count; NaN if there are none.
    """
    n, step = case.scan.n_slices, max(1, round(0.8 / pixel_mm_of(case)[1]))
    squares = _blocks(_blocks(hu_of(case)[n // 3 : n - n // 3], step).mean(axis=(2, 4)), 6)
    mean = squares.mean(axis=(2, 4))
    inside = (mean > 10) & (mean < 60)
    return float(np.median(squares.std(axis=(2, 4))[inside])) if inside.any() else float("nan")


def _blocks(image: Image, side: int) -> Image:
    """(n, rows, side, columns, side) the image divided into squares; the remainder is dropped."""
    n, rows, columns = image.shape
    rows, columns = rows // side, columns // side
    return image[:, : rows * side, : columns * side].reshape(n, rows, side, columns, side)


def _blurred(case: Case, sigma_mm: float) -> Image:
    return np.asarray(ndimage.gaussian_filter(hu_of(case), [0, *(sigma_mm / mm for mm in pixel_mm_of(case))]))
