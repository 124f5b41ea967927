"""A head on the grid that the classical methods work on: HU, skull and intracranial space at one pixel size.

The systems of the literature worked on slices of 512x512 pixels of about 0.45 mm and smoothed them first. Here slices
are averaged onto somewhat larger pixels, which removes noise, too, and makes level sets several times faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

from ichor.anatomy.skull import bone_of, directions_with
from ichor.methods.field import Field as ResampledField
from ichor.methods.field import resample_to_field
from ichor.orientation import from_radiological, to_radiological
from ichor.scan import FloatArray, Scan
from ichor.train.settings import Strict

Mask = NDArray[np.bool_]

IN_PLANE = ndimage.generate_binary_structure(2, 1)[None]
HEAD_MM = 185.0  # length of the head where the pixel size is unknown
SLICE_MM = 5.0  # slice distance where it is unknown
SOFT_HU = (-10.0, 100.0)  # fluid, brain and blood; what is denser is bone, contrast agent or metal
MARGIN_MM = 8.0  # kept around the intracranial space
NARROW_MM = 8.0  # what is connected to the intracranial space by less is not part of it (orbits, the mouth)
GAP_MM = 8.0  # stripes as wide as this, beside which the skull is open (sutures, fractures), are bridged


class GridSettings(Strict):
    """The working grid: square slices, centered on the head."""

    pixel_mm: float = Field(0.8, gt=0)
    size: int = Field(288, ge=16, description="pixels on each side")


@dataclass(frozen=True, eq=False)
class Head:
    """The slices of a scan on the working grid, in the radiological convention, cropped to the intracranial space.

    Attributes:
        hu: (n, rows, columns) float32.
        skull: (n, rows, columns) bone.
        brain: (n, rows, columns) the intracranial space: fluid, brain and blood that skull encloses.
        pixel_mm: the size of a pixel.
        heights_mm: (n,) the height of a voxel on each slice.
        crop: the rows and columns of the grid that are kept.
    """

    hu: NDArray[np.float32]
    skull: Mask
    brain: Mask
    pixel_mm: float
    heights_mm: FloatArray
    crop: tuple[slice, slice]
    field: ResampledField
    scan: Scan

    @classmethod
    def of(cls, scan: Scan, grid: GridSettings) -> Self:
        """Resample a scan."""
        hu, field = resample_to_field(scan, size=grid.size, pixel_mm=grid.pixel_mm, centre="head", head_mm=HEAD_MM)
        skull = bone_of(hu)
        brain = intracranial(hu, skull, grid.pixel_mm)
        rows, columns = (
            _extent(np.asarray(brain.any(axis=axes)), round(MARGIN_MM / grid.pixel_mm)) for axes in ((0, 2), (0, 1))
        )
        heights = scan.slice_heights_mm
        return cls(
            hu=np.ascontiguousarray(hu[:, rows, columns]),
            skull=np.ascontiguousarray(skull[:, rows, columns]),
            brain=np.ascontiguousarray(brain[:, rows, columns]),
            pixel_mm=grid.pixel_mm,
            heights_mm=np.full(scan.n_slices, SLICE_MM) if heights is None else heights,
            crop=(rows, columns),
            field=field,
            scan=scan,
        )

    def on_scan(self, mask: Mask) -> Mask:
        """A mask of the working grid on the scan's own grid: pixels at least half covered are set."""
        size = self.field.rows.shape[0]
        whole = np.zeros((len(mask), size, size), np.float32)
        whole[:, *self.crop] = mask
        covered = self.field.to_scan(whole) >= 0.5
        return np.ascontiguousarray(from_radiological(covered, self.scan))

    def from_scan(self, mask: Mask) -> Mask:
        """A mask (n, rows, columns) of the scan's own grid on the working grid."""
        return self.field.resample_mask(to_radiological(mask, self.scan))[:, *self.crop]

    @property
    def voxel_ml(self) -> FloatArray:
        """(n,) the volume of a voxel on each slice."""
        return self.pixel_mm**2 * self.heights_mm / 1000

    def pixels(self, mm: float) -> int:
        """A length in whole pixels, at least 1."""
        return max(1, round(mm / self.pixel_mm))

    @cached_property
    def depth_mm(self) -> NDArray[np.float32]:
        """(n, rows, columns) how far a pixel is from the border of the intracranial space, on its slice; 0 outside."""
        depth = np.zeros(self.brain.shape, np.float32)
        for k in np.flatnonzero(self.brain.any(axis=(1, 2))):
            depth[k] = ndimage.distance_transform_edt(self.brain[k], sampling=self.pixel_mm)
        return depth

    @cached_property
    def middle_column(self) -> float:
        """The column of the midsagittal plane: the median of the middles of the intracranial space on all rows."""
        slices, rows = np.nonzero(self.brain.any(axis=2))
        if not slices.size:
            return (int(self.brain.shape[2]) - 1) / 2
        lines = self.brain[slices, rows]
        last = lines.shape[1] - 1 - lines[:, ::-1].argmax(axis=1)
        return float(np.median((lines.argmax(axis=1) + last) / 2))

    def mirrored(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values (n, rows, columns) mirrored at the midsagittal plane: those of the other side; 0 outside the crop."""
        size = values.shape[2]
        into = np.zeros_like(values)
        twice = round(2 * self.middle_column)
        columns = np.arange(max(0, twice - size + 1), min(size, twice + 1))
        into[:, :, columns] = values[:, :, twice - columns]
        return into


def intracranial(hu: NDArray[np.float32], skull: Mask, pixel_mm: float) -> Mask:
    """(n, rows, columns) what has skull on at least three of its four sides and is as dense as fluid, brain or blood.

    Of this the largest connected object, with bridges thinner than `NARROW_MM` cut and stripes up to `GAP_MM` bridged.
    """
    low, high = SOFT_HU
    soft = (directions_with(skull) >= 3) & ~skull & (hu > low) & (hu < high)
    radius = max(1, round(NARROW_MM / 2 / pixel_mm))
    core = ndimage.binary_erosion(soft, IN_PLANE, radius)
    labels, count = ndimage.label(core)
    if count == 0:
        return np.asarray(soft)
    largest = labels == 1 + np.bincount(labels.ravel())[1:].argmax()
    grown = ndimage.binary_dilation(largest, IN_PLANE, radius + 1) & soft
    gap = max(1, round(GAP_MM / 2 / pixel_mm))
    bridged = ndimage.binary_erosion(ndimage.binary_dilation(grown, IN_PLANE, gap), IN_PLANE, gap)
    filled = np.stack([ndimage.binary_fill_holes(one) for one in bridged])
    return np.asarray(filled & ~skull & (hu > low) & (hu < high))


def _extent(holds_brain: Mask, margin: int) -> slice:
    """From the first to the last that holds brain, with a margin; all if none does."""
    found = np.flatnonzero(holds_brain)
    if not found.size:
        return slice(0, len(holds_brain))
    return slice(max(0, int(found[0]) - margin), min(len(holds_brain), int(found[-1]) + 1 + margin))
