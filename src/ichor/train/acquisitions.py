"""Simulated variation between scanners in training images: kernel, noise, interpolated slices, a narrow gray window.

A dataset from one scanner and one protocol lacks this variation. The maximum of each corresponds to differences between
real scanners; most images remain nearly unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ichor.train.ct_noise import ct_noise
from ichor.windows import BRAIN

_SMOOTHER, _SHARPER = 0.08, 0.12  # fractions of the images
_SHARPEST = 2.0  # maximum multiple of the detail removed by a small Gaussian that is added
_NOISY, _NOISIEST_HU = 0.12, 20.0
# Cycles per pixel at which noise is strongest, from soft to sharp kernels.
_NOISE_PEAK = (0.1, 0.35)
_BETWEEN, _MAX_NEIGHBOR_FRACTION = 0.12, 0.5  # probability that an adjacent slice is mixed in, and its largest fraction
_OTHER_WINDOW = 0.5  # fraction of the images that are available in one window only
_LOWEST_HU, _HIGHEST_HU = (-20.0, 5.0), (75.0, 110.0)
_BINOMIAL = (0.25, 0.5, 0.25)


@dataclass(frozen=True, slots=True)
class Acquisitions:
    """The changes drawn for N images, which `apply` applies.

    Attributes:
        below, above: (N,) fractions of the adjacent slices that are mixed into each slice.
        kernel: (N,) multiple of the detail removed by a small Gaussian that is added; below 0 it is subtracted.
        noise_hu: (N,) standard deviation; the noise of each image is independent.
        noise_peak: (N,) cycles per pixel.
        window_hu: (N, 2) lowest and highest HU of images that are available in one window only.
    """

    below: NDArray[np.float64]
    above: NDArray[np.float64]
    kernel: NDArray[np.float64]
    noise_hu: NDArray[np.float64]
    noise_peak: NDArray[np.float64]
    window_hu: NDArray[np.float64]

    @classmethod
    def draw(cls, n: int, rng: np.random.Generator) -> Self:
        """Draw changes for n images; the same generator state gives the same changes."""

        def sometimes(part: float, most: float) -> NDArray[np.float64]:
            return (rng.random(n) < part) * rng.uniform(0, most, n)

        below, above = (sometimes(_BETWEEN, _MAX_NEIGHBOR_FRACTION) for _ in range(2))
        kind, amount = rng.random(n), rng.random(n)
        sharper = np.where(kind < _SHARPER, _SHARPEST * amount, 0.0)
        kernel = np.where(kind > 1 - _SMOOTHER, -amount, sharper)
        noise_hu, noise_peak = sometimes(_NOISY, _NOISIEST_HU), rng.uniform(*_NOISE_PEAK, n)
        other = np.stack([rng.uniform(*_LOWEST_HU, n), rng.uniform(*_HIGHEST_HU, n)], axis=1)
        window_hu = np.where(rng.random((n, 1)) < _OTHER_WINDOW, other, (BRAIN.lowest_hu, BRAIN.highest_hu))
        return cls(below, above, kernel, noise_hu, noise_peak, window_hu)

    def of_first(self) -> Acquisitions:
        """The changes of the first image for all images: for the slices of one scan."""
        return Acquisitions(
            *(np.broadcast_to(values[:1], values.shape) for values in (getattr(self, f.name) for f in fields(self)))
        )

    def apply(self, hu: Tensor, generator: torch.Generator) -> Tensor:
        """Change images (N, C, H, W) in HU whose C channels are consecutive slices; the caller applies windows."""
        hu = _mixed(hu, _column(self.below, hu), _column(self.above, hu))
        if self.kernel.any():
            hu = hu + _column(self.kernel, hu) * (hu - _blurred(hu))
        noisy = np.flatnonzero(self.noise_hu)
        if len(noisy):
            noise = _ct_noise(hu[noisy], self.noise_peak[noisy], generator)
            hu[noisy] = hu[noisy] + _column(self.noise_hu[noisy], hu) * noise
        return hu


def _column(values: NDArray[np.float64], like: Tensor) -> Tensor:
    return torch.as_tensor(values, device=like.device).to(like.dtype).view(-1, 1, 1, 1)


def _mixed(hu: Tensor, below: Tensor, above: Tensor) -> Tensor:
    """Each slice mixed with parts of the ones below and above, if they are among the channels."""
    mixed, weight = hu.clone(), torch.ones_like(hu[:, :, :1, :1])
    mixed[:, 1:] += below * hu[:, :-1]
    weight[:, 1:] += below
    mixed[:, :-1] += above * hu[:, 1:]
    weight[:, :-1] += above
    return mixed / weight


def _blurred(hu: Tensor) -> Tensor:
    line = torch.tensor(_BINOMIAL, device=hu.device, dtype=hu.dtype)
    channels = hu.shape[1]
    kernel = (line[:, None] * line).expand(channels, 1, 3, 3)
    return functional.conv2d(functional.pad(hu, (1, 1, 1, 1), mode="replicate"), kernel, groups=channels)


def _ct_noise(like: Tensor, peak: NDArray[np.float64], generator: torch.Generator) -> Tensor:
    """Noise of standard deviation 1 whose power is highest at `peak` (N,), cycles per pixel."""
    white = torch.randn(like.shape, generator=generator, device=like.device)
    noise = ct_noise(white, _column(peak, like))
    return noise / noise.std(dim=(-2, -1), keepdim=True)
