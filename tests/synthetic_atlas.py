"""Scans made of the atlas of li2012: the template in a skull of bone, deformed as a test asks, its space known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.methods.li2012.atlas import ATLAS_MM, INSIDE, read_atlas
from ichor.scan import Scan, Source
from ichor.subtypes import Subtype
from synthetic_scans import BLOOD_HU

GRID = {"pixel_mm": 2.0, "size": 112}
SLICES, SIZE, SLICE_MM, PIXEL_MM = 31, 100, 5.0, 2.0
MARGIN_MM = np.array([2.0, 4.0, 24.0])  # of the atlas, up, to the back and to the left, in the scan
DEEP_MM = np.array([90.0, 75.0, 50.0])  # in white matter
Deformation = Callable[[np.ndarray], np.ndarray]


def bent(size: float = 1.0, turned: float = 0.0, bend_mm: float = 0.0) -> Deformation:
    """From places (3, ...) of a head to those of the atlas, in mm: a head so much larger, turned (radians) and bent."""
    middle = np.array([75.0, 94.0, 75.0])[:, None]

    def deformed(places: np.ndarray) -> np.ndarray:
        z, y, x = (places.reshape(3, -1) - middle) / size
        cos, sin = np.cos(turned), np.sin(turned)
        x, y = x * cos - y * sin, x * sin + y * cos
        y = y + bend_mm * np.sin(z / 40)
        x = x + bend_mm * np.cos(y / 45)
        return np.asarray((np.stack([z, y, x]) + middle).reshape(places.shape))

    return deformed


def template_scan(
    deformation: Deformation | None = None, *, space_hu: float | None = None, deep_hu: float | None = None
) -> tuple[Scan, np.ndarray]:
    """The scan, its space filled with `space_hu` if given, and the space (n, rows, columns); noise of 2 HU.

    `deep_hu` is the density of a ball of 14 mm in white matter.
    """
    image, space = read_atlas()
    steps = (SLICE_MM, PIXEL_MM, PIXEL_MM)
    axes = [np.arange(n) * step for n, step in zip((SLICES, SIZE, SIZE), steps, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij")) - MARGIN_MM[:, None, None, None]
    at = (deformation or bent())(places)
    gray = ndimage.map_coordinates(image.astype(np.float32), at / ATLAS_MM, order=1)
    inside = gray > INSIDE / 2
    there = inside & (ndimage.map_coordinates(space.astype(np.float32), at / ATLAS_MM, order=1) >= 0.5)
    hu = np.where(inside, np.maximum(gray - INSIDE, 5), -1000)
    hu[ndimage.binary_dilation(inside, np.ones((3, 5, 5))) & ~inside] = 1000
    if space_hu is not None:
        hu[there] = space_hu
    if deep_hu is not None:
        hu[((at - DEEP_MM[:, None, None, None]) ** 2).sum(axis=0) < 14**2] = deep_hu
    hu += np.random.default_rng(0).normal(0, 2, hu.shape)
    positions = np.array([0, 0, SLICE_MM]) * np.arange(SLICES)[:, None]
    scan = Scan(
        voxels=np.round(hu).astype(np.int16),
        source=Source("nifti", Path("made")),
        pixel_mm=np.full((SLICES, 2), PIXEL_MM),
        positions_mm=positions,
    )
    return scan, there


def case(subject: str, deformation: Deformation, *, blood: bool) -> Case:
    """A subject whose space is filled with fluid, or with blood between two heights."""
    scan, space = template_scan(deformation, space_hu=10)
    mask = np.zeros_like(space)
    if blood:
        mask[12:22] = space[12:22]
        scan.voxels[mask] += BLOOD_HU - 10
    labels = np.zeros((SLICES, len(Subtype)), bool)
    labels[:, list(Subtype).index(Subtype.SAH)] = mask.any(axis=(1, 2))
    return Case(subject, scan, mask, labels)
