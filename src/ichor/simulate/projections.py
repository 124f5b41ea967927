"""Projections of slices and their reconstruction, from which artifacts of CT are simulated as they arise.

A scanner measures line integrals of the attenuation, and most artifacts are errors in these. Because filtered back
projection is linear, the effect of an error on the image is simulated by reconstructing the error alone and adding the
result to the image. Errors are smooth, so a coarse grid is enough; the image itself keeps its resolution.

The beams are parallel; fan and cone beams give the same artifacts in other proportions (Barrett and Keat 2004,
RadioGraphics 24:1679).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ichor.dataset.case import Case
from ichor.simulate.resample import AIR_HU, Image, hu_of, pixel_mm_of

GRID_MM = 1.5
ANGLES = 180
WATER_PER_MM = 0.02  # attenuation of water at the mean energy of a head scan, about 65 keV


@dataclass(frozen=True, eq=False)
class Projector:
    """Parallel projections of square slices of `size` pixels of `GRID_MM`, at `ANGLES` angles over half a turn."""

    size: int

    @cached_property
    def detectors(self) -> int:
        """As many as the diagonal is long."""
        return int(np.ceil(self.size * np.sqrt(2))) + 2

    @cached_property
    def rays(self) -> sparse.csr_array:
        """(ANGLES * detectors, size * size) the length in mm of each ray within each pixel."""

        def shadow(off: Image, cosine: float, sine: float) -> Image:
            # The lengths of parallel rays in a square: a trapezoid.
            high, low = max(abs(cosine), abs(sine)), min(abs(cosine), abs(sine))
            slope = np.clip(((high + low) / 2 - np.abs(off)) / max(low, 1e-6), 0, 1)
            return np.asarray(slope * (GRID_MM / high), np.float32)

        return self._matrix(shadow)

    @cached_property
    def interpolation(self) -> sparse.csr_array:
        """(ANGLES * detectors, size * size) the weight of each detector at each pixel; those of an angle sum to 1."""
        return self._matrix(lambda off, *_: np.maximum(0, 1 - np.abs(off)))

    def _matrix(self, weight_of: Callable[[Image, float, float], Image]) -> sparse.csr_array:
        across = (np.arange(self.size) - (self.size - 1) / 2).astype(np.float32)
        down, right = (one.ravel() for one in np.meshgrid(across, across, indexing="ij"))
        rows, columns, weights = [], [], []
        for k, angle in enumerate(np.pi * np.arange(ANGLES) / ANGLES):
            cosine, sine = float(np.cos(angle)), float(np.sin(angle))
            place = (right * cosine + down * sine + (self.detectors - 1) / 2).astype(np.float32)
            for step in (0, 1):
                detector = np.floor(place).astype(np.int32) + step
                weight = weight_of(place - detector, cosine, sine)
                some = np.flatnonzero(weight > 0).astype(np.int32)
                rows.append(k * self.detectors + detector[some])
                columns.append(some)
                weights.append(weight[some])
        places = (np.concatenate(rows), np.concatenate(columns))
        shape = (ANGLES * self.detectors, self.size**2)
        return sparse.csr_array((np.concatenate(weights), places), shape=shape)

    def project(self, slices: Image) -> Image:
        """(n, ANGLES, detectors) the line integrals of slices (n, size, size), times mm."""
        found = self.rays @ slices.reshape(len(slices), -1).T.astype(np.float32)
        return np.ascontiguousarray(found.T).reshape(len(slices), ANGLES, self.detectors)

    def back(self, projections: Image) -> Image:
        """(n, size, size) the mean over the angles of the projections at each pixel, unfiltered."""
        flat = projections.reshape(len(projections), -1).T.astype(np.float32)
        found = (self.interpolation.T @ flat) / np.float32(ANGLES)
        return np.ascontiguousarray(found.T).reshape(len(projections), self.size, self.size)

    def reconstruct(self, projections: Image) -> Image:
        """(n, size, size) filtered back projection of projections (n, ANGLES, detectors): the ramp filter.

        Apodized as for a soft kernel, with a Hann window that ends at the grid's Nyquist frequency.
        """
        n = 2 ** int(np.ceil(np.log2(2 * self.detectors)))
        frequency = np.fft.rfftfreq(n, GRID_MM)
        # The ramp of a sampled, band-limited signal; sampled directly, it would shift the mean.
        place = np.fft.fftfreq(n, 1 / n).round().astype(int)
        ramp = np.zeros(n)
        ramp[0] = 1 / (4 * GRID_MM**2)
        odd = place % 2 == 1
        ramp[odd] = -1 / (np.pi * place[odd] * GRID_MM) ** 2
        response = np.fft.rfft(ramp).real * GRID_MM * (1 + np.cos(2 * np.pi * frequency * GRID_MM)) / 2
        filtered = np.fft.irfft(np.fft.rfft(projections, n, axis=2) * response, n, axis=2)[:, :, : self.detectors]
        return np.asarray(np.pi * self.back(filtered.astype(np.float32)), np.float32)


@dataclass(frozen=True, eq=False)
class CoarseSlices:
    """A case's slices on the grid of a projector.

    Attributes:
        hu: (n, size, size); air outside of the image.
        projector: of this size.
    """

    hu: Image
    projector: Projector
    _rows: NDArray[np.float32]
    _columns: NDArray[np.float32]

    @classmethod
    def of(cls, case: Case) -> Self:
        """A case of known pixel size. Raises ValueError if it is unknown."""
        shape, mm = case.mask.shape[1:], pixel_mm_of(case)
        size = int(np.ceil(max(n * step for n, step in zip(shape, mm, strict=True)) / GRID_MM))
        rows, columns = (_linear(n, step, size) for n, step in zip(shape, mm, strict=True))
        hu = _averaged(hu_of(case) - AIR_HU, rows, columns) + AIR_HU
        return cls(np.asarray(hu, np.float32), projector_of(size), rows, columns)

    def attenuation(self, hu: Image | None = None) -> Image:
        """(n, size, size) per mm; of these slices by default."""
        return np.asarray(WATER_PER_MM * np.maximum((self.hu if hu is None else hu) / 1000 + 1, 0), np.float32)

    def of_slices(self, some: Sequence[int]) -> CoarseSlices:
        """These slices only."""
        return replace(self, hu=self.hu[list(some)])

    def averaged(self, values: NDArray[np.generic]) -> Image:
        """Values (n, rows, columns) on the case's own grid, averaged onto the coarse one; 0 outside."""
        return _averaged(values, self._rows, self._columns)

    def error_hu(self, error: Image) -> Image:
        """(n, rows, columns) on the case's own grid: what an error of the projections adds to the image, in HU."""
        return self.on_grid(self.projector.reconstruct(error) * np.float32(1000 / WATER_PER_MM))

    def on_grid(self, values: Image) -> Image:
        """Coarse values (n, size, size) interpolated onto the case's own grid (n, rows, columns)."""
        return np.asarray(self._rows @ values @ self._columns.T, np.float32)


@cache
def projector_of(size: int) -> Projector:
    """The projector for slices of this size; its matrix is large, so that it is made once."""
    return Projector(size)


def _linear(n: int, mm: float, size: int) -> NDArray[np.float32]:
    """(n, size) weights that interpolate a line of `size` pixels of `GRID_MM` at n pixels of `mm`; centers coincide."""
    places = np.clip((np.arange(n) - (n - 1) / 2) * mm / GRID_MM + (size - 1) / 2, 0, size - 1)
    return np.asarray(np.maximum(0, 1 - np.abs(places[:, None] - np.arange(size))), np.float32)


def _averaged(values: NDArray[np.generic], rows: NDArray[np.float32], columns: NDArray[np.float32]) -> Image:
    """Average over the pixels that interpolation would draw from each coarse one; 0 where there are none."""
    down, across = (one.T / np.maximum(one.sum(axis=0), 1e-6)[:, None] for one in (rows, columns))
    return np.asarray(down @ values.astype(np.float32) @ across.T, np.float32)
