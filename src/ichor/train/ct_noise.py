"""Simulated CT noise, for training images and for measuring a model's robustness."""

from __future__ import annotations

import torch
from torch import Tensor, fft


def ct_noise(white: Tensor, peak: Tensor, pixel_mm: tuple[float, float] = (1.0, 1.0)) -> Tensor:
    """White noise (..., rows, columns) filtered to the spectrum of CT noise; the caller sets its standard deviation.

    The power of CT noise increases with frequency due to filtered back projection until the kernel reduces it
    (Riederer, Pelc and Chesler 1978, Phys Med Biol 23:446). It is highest at `peak` cycles per mm, which broadcasts to
    `white`; cycles per pixel if `pixel_mm`, the distance of rows and of columns, is left at 1.
    """
    rows, columns = white.shape[-2:]
    row_mm, column_mm = pixel_mm
    frequency = torch.hypot(fft.fftfreq(rows, row_mm)[:, None], fft.rfftfreq(columns, column_mm)).to(white.device)
    ratio = frequency / peak
    return fft.irfft2(fft.rfft2(white) * torch.sqrt(ratio) * torch.exp(-(ratio**2) / 4), s=(rows, columns))
