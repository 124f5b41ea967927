"""Connected regions of candidate voxels, measured: what rules and classifiers of the classical systems ask of them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.methods.classical.head import Head, Mask
from ichor.scan import FloatArray

TOUCHING = ndimage.generate_binary_structure(3, 1)
NEAR_SKULL_MM = 5.0  # of the inner table
FLUID_HU, DENSE_HU = 22.0, 95.0  # below and above which what surrounds a region is fluid, and calcified


@dataclass(frozen=True, eq=False)
class Measured:
    """What each of some regions is like; arrays of shape (regions,).

    Attributes:
        volume_ml: in mL.
        mean_hu: the mean of its HU.
        thickness_mm: the diameter of the largest disc that fits into it on a slice.
        near_skull: the share of its voxels within `NEAR_SKULL_MM` of the border of the intracranial space.
        deepest_mm: the largest distance of a voxel from that border.
        off_midline_mm: the mean distance of its voxels from the midsagittal plane.
        brighter_hu: how much brighter it is than the contralateral side, on average.
        beside_fluid: the share of the pixels around it that are fluid.
        beside_dense: the share of the pixels around it that are calcified or bone.
        behind: how far behind the middle of the head its center lies, as a share of half the head's length, -1 to 1.
        height: the height of its center as a share of the height of the intracranial space, 0 to 1.
    """

    volume_ml: FloatArray
    mean_hu: FloatArray
    thickness_mm: FloatArray
    near_skull: FloatArray
    deepest_mm: FloatArray
    off_midline_mm: FloatArray
    brighter_hu: FloatArray
    beside_fluid: FloatArray
    beside_dense: FloatArray
    behind: FloatArray
    height: FloatArray

    def table(self) -> FloatArray:
        """(regions, measures) in the order of the attributes."""
        return np.stack([getattr(self, one.name) for one in fields(self)], axis=1)


@dataclass(frozen=True, eq=False)
class Regions:
    """Connected regions of voxels: `labels` (n, rows, columns) counts them from 1."""

    labels: NDArray[np.int32]
    count: int

    @classmethod
    def of(cls, candidates: Mask, *, across_slices: bool = True) -> Regions:
        """The regions of a mask (n, rows, columns) that touch along rows and columns, and across slices if wanted."""
        touching = TOUCHING.copy()
        touching[[0, 2]] &= across_slices
        labels, count = ndimage.label(candidates, touching)
        return cls(labels, int(count))

    def where(self, chosen: NDArray[np.bool_]) -> Mask:
        """The mask of the regions for which `chosen` (count,) is true."""
        return np.asarray(np.concatenate([[False], chosen])[self.labels])

    def at_least(self, ml: float, head: Head) -> Mask:
        """The mask of the regions of at least this volume."""
        voxels = np.stack([np.bincount(one.ravel(), minlength=self.count + 1)[1:] for one in self.labels])
        return self.where(head.voxel_ml @ voxels >= ml)

    def measure(self, head: Head, hu: NDArray[np.float32]) -> Measured:
        """Measure all regions; `hu` (n, rows, columns) may be smoothed."""
        places = np.nonzero(self.labels)
        of = self.labels[places] - 1
        number = np.maximum(np.bincount(of, minlength=self.count), 1)

        def mean(values: NDArray[np.generic]) -> FloatArray:
            return np.asarray(np.bincount(of, np.asarray(values, np.float64), self.count) / number)

        def largest(values: NDArray[np.float32]) -> FloatArray:
            most = np.zeros(self.count)
            np.maximum.at(most, of, values)
            return most

        depth = head.depth_mm[places]
        around, owner = self._around()
        sides = np.maximum(np.bincount(owner, minlength=self.count), 1)
        rows, slices = np.flatnonzero(head.brain.any(axis=(0, 2))), np.flatnonzero(head.brain.any(axis=(1, 2)))
        middle = (rows[0] + rows[-1]) / 2 if rows.size else 0.0
        half = max(1.0, float(np.ptp(rows)) / 2 if rows.size else 1.0)
        lowest, highest = (slices[0], slices[-1]) if slices.size else (0, 1)
        mirrored = head.mirrored(np.where(head.brain, hu, 0).astype(np.float32))
        return Measured(
            volume_ml=np.asarray(np.bincount(of, head.voxel_ml[places[0]], self.count), np.float64),
            mean_hu=mean(hu[places]),
            thickness_mm=2 * largest(_inward_mm(self.labels > 0, head.pixel_mm)[places]),
            near_skull=mean(depth <= NEAR_SKULL_MM),
            deepest_mm=largest(depth),
            off_midline_mm=mean(np.abs(places[2] - head.middle_column)) * head.pixel_mm,
            brighter_hu=mean(hu[places] - mirrored[places]),
            beside_fluid=np.bincount(owner, hu[around] < FLUID_HU, self.count) / sides,
            beside_dense=np.bincount(owner, hu[around] > DENSE_HU, self.count) / sides,
            behind=(mean(places[1]) - middle) / half,
            height=(mean(places[0]) - lowest) / max(1, highest - lowest),
        )

    def _around(self) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.int32]]:
        """The pixels two steps around regions on their slices, and the index of the region of each."""
        grown = self.labels
        for _ in range(2):
            before = grown
            grown = before.copy()
            np.maximum(grown[:, 1:], before[:, :-1], out=grown[:, 1:])
            np.maximum(grown[:, :-1], before[:, 1:], out=grown[:, :-1])
            np.maximum(grown[:, :, 1:], before[:, :, :-1], out=grown[:, :, 1:])
            np.maximum(grown[:, :, :-1], before[:, :, 1:], out=grown[:, :, :-1])
        around = np.nonzero((grown > 0) & (self.labels == 0))
        return around, grown[around] - 1


def _inward_mm(mask: Mask, pixel_mm: float) -> NDArray[np.float32]:
    inward = np.zeros(mask.shape, np.float32)
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        inward[k] = ndimage.distance_transform_edt(mask[k], sampling=pixel_mm)
    return inward
