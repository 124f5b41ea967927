"""Random changes of image and mask together, seeded, so that any batch can be reproduced.

The affine part is the paper's (section 5), composed as in Keras' ImageDataGenerator: rotation, shift, shear and zoom
about the image's center, bilinear, filled with the nearest value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ichor.train.acquisitions import Acquisitions
from ichor.train.settings import AugmentationSettings
from ichor.windows import BRAIN


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The changes drawn for a batch of N images, which `apply` applies.

    Attributes:
        matrices: (N, 2, 3), from output to input coordinates (row, column, 1) about the center; the translation in
            fractions of the image.
        hu_shift: (N,) HU.
        hu_scale: (N,).
        noise_hu: (N,) standard deviation.
        brain_window_only: (N,) bool.
        acquisitions: simulated variation between scanners; None for none.
        noise_seed: of the noise.
        side: side of the result in pixels; None for that of the image.
    """

    matrices: NDArray[np.float64]
    hu_shift: NDArray[np.float64]
    hu_scale: NDArray[np.float64]
    noise_hu: NDArray[np.float64]
    brain_window_only: NDArray[np.bool_]
    noise_seed: int
    side: int | None = None
    acquisitions: Acquisitions | None = None

    def onto(self, centres: NDArray[np.float64], side: int, size: int) -> Augmentation:
        """The same changes for squares of `side` pixels of an image of `size`, about `centres` instead of the image's
        center.

        `centres` is (N, 2), row and column in fractions of the image from its center; they replace the shift.
        """
        matrices = np.concatenate([self.matrices[:, :, :2] * (side / size), centres[:, :, None]], axis=2)
        return replace(self, matrices=matrices, side=side)

    def of_first(self) -> Augmentation:
        """The changes of the first image for all images: for the slices of one scan."""

        def first(values: NDArray[Any]) -> NDArray[Any]:
            return np.repeat(values[:1], len(values), axis=0)

        return replace(
            self,
            matrices=first(self.matrices),
            hu_shift=first(self.hu_shift),
            hu_scale=first(self.hu_scale),
            noise_hu=first(self.noise_hu),
            brain_window_only=first(self.brain_window_only),
            acquisitions=None if self.acquisitions is None else self.acquisitions.of_first(),
        )

    def apply(self, hu: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The changed images (N, C, H, W), HU, and masks (N, 1, H, W), 0 or 1; float32 on the same device."""
        hu, mask = warp(hu, mask, self.matrices, self.side)

        def of(values: NDArray[np.generic]) -> Tensor:
            return torch.as_tensor(values, device=hu.device).to(torch.float32).view(-1, 1, 1, 1)

        generator = torch.Generator(hu.device).manual_seed(self.noise_seed)
        lowest, highest = of(np.array(BRAIN.lowest_hu)), of(np.array(BRAIN.highest_hu))
        if self.acquisitions is not None:
            hu = self.acquisitions.apply(hu, generator)
            lowest, highest = (of(ends) for ends in self.acquisitions.window_hu.T)
        hu = hu * of(self.hu_scale) + of(self.hu_shift)
        if self.noise_hu.any():
            hu = hu + of(self.noise_hu) * torch.randn(hu.shape, generator=generator, device=hu.device)
        clipped = torch.minimum(torch.maximum(hu, lowest), highest)
        return torch.where(of(self.brain_window_only) > 0, clipped, hu), mask


def draw(settings: AugmentationSettings, n: int, rng: np.random.Generator) -> Augmentation:
    """Draw changes for a batch of n images; the same generator state gives the same changes."""

    def within(bound: float) -> NDArray[np.float64]:
        return rng.uniform(-bound, bound, n)

    return Augmentation(
        matrices=compose(
            rotation_deg=within(settings.rotation_deg),
            shift=np.stack([within(settings.shift), within(settings.shift)], axis=1),
            shear_deg=within(settings.shear_deg),
            zoom=1 + np.stack([within(settings.zoom), within(settings.zoom)], axis=1),
            mirror=rng.random(n) < (0.5 if settings.flip else 0.0),
        ),
        hu_shift=within(settings.hu_shift),
        hu_scale=1 + within(settings.hu_scale),
        noise_hu=np.abs(within(settings.noise_hu)),
        brain_window_only=rng.random(n) < settings.brain_window_only,
        noise_seed=int(rng.integers(2**62)),
        acquisitions=Acquisitions.draw(n, rng) if settings.acquisitions else None,
    )


def warp(hu: Tensor, mask: Tensor, matrices: NDArray[np.float64], side: int | None = None) -> tuple[Tensor, Tensor]:
    """Resample images and masks with the same matrices, to `side` x `side` pixels if given (see `Augmentation`)."""
    n, _, height, width = hu.shape
    aspect = height / width
    # torch uses (x, y) from -1 to 1, the matrices (row, column) in pixels.
    theta = np.empty((n, 2, 3))
    theta[:, 0, 0] = matrices[:, 1, 1]
    theta[:, 0, 1] = matrices[:, 1, 0] * aspect
    theta[:, 1, 0] = matrices[:, 0, 1] / aspect
    theta[:, 1, 1] = matrices[:, 0, 0]
    theta[:, 0, 2] = 2 * matrices[:, 1, 2]
    theta[:, 1, 2] = 2 * matrices[:, 0, 2]
    grid = functional.affine_grid(
        torch.as_tensor(theta, dtype=torch.float32, device=hu.device),
        [n, 1, side or height, side or width],
        align_corners=False,
    )
    both = torch.cat([hu, mask], dim=1)
    both = functional.grid_sample(both, grid, padding_mode="border", align_corners=False)
    return both[:, :-1], (both[:, -1:] > 0.5).to(torch.float32)


def compose(
    rotation_deg: NDArray[np.float64],
    shift: NDArray[np.float64],
    shear_deg: NDArray[np.float64],
    zoom: NDArray[np.float64],
    mirror: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """(N, 2, 3) matrices from N changes of each kind, composed as in Keras: rotation, shift, shear and zoom.

    `shift` and `zoom` are (N, 2), rows and columns; shifts are fractions of the image.
    """
    n = len(rotation_deg)

    def eye() -> NDArray[np.float64]:
        return np.tile(np.eye(3), (n, 1, 1))

    angle = np.radians(rotation_deg)
    rotation = eye()
    rotation[:, 0, 0] = rotation[:, 1, 1] = np.cos(angle)
    rotation[:, 0, 1], rotation[:, 1, 0] = -np.sin(angle), np.sin(angle)
    translation = eye()
    translation[:, :2, 2] = shift
    shearing = eye()
    shearing[:, 0, 1], shearing[:, 1, 1] = -np.sin(np.radians(shear_deg)), np.cos(np.radians(shear_deg))
    zooming = eye()
    zooming[:, 0, 0], zooming[:, 1, 1] = zoom[:, 0], zoom[:, 1] * np.where(mirror, -1, 1)
    return np.asarray((rotation @ translation @ shearing @ zooming)[:, :2])
