"""Anatomical locations in a head: maps the coordinates of an atlas to the voxels of a scan.

Coordinates are those of MNI space in mm: x to the right, y to the front, z up, with the anterior commissure at the
origin. Brains there extend from y = -105 to 72 and up to z = 79, and 68 mm to either side; the inside of the skull is
scaled to that. CT slices follow the orbitomeatal line, which rises to the front by some 9 degrees relative to the line
through the commissures. Locations are accurate to about 10 mm, which is why lesions are fitted to the image there: to
fluid, bone and the plane of symmetry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.skull import bone_of
from ichor.anatomy.symmetry import inside_skull, symmetry_plane
from ichor.dataset.case import Case
from ichor.scan import FloatArray
from ichor.simulate.resample import Image, Mask, hu_of, pixel_mm_of, slices_of

_FRONT, _BACK, _HALF_WIDTH, _TOP = 72.0, -105.0, 68.0, 79.0
_RISES = np.radians(9.0)
_BRAIN_HU = (15.0, 60.0)
_WATER_HU, _WHITE_HU = 4.0, 8.0  # white matter is darker by that than the median of brain, with its noise
_WIDE = 0.7
_BRIDGE_MM = 8.0  # narrower connections are not those of the brain
_DENOISED_MM = 0.7
_SOFT_HU, _SOFTEST_HU = (-15.0, 100.0), (-60.0, 110.0)


Place = tuple[float, float, float]  # a slice, row and column of a scan, fractional; or x, y and z of the atlas


@dataclass(frozen=True, eq=False)
class HeadFrame:
    """A head and its coordinates.

    Attributes:
        hu: (n, rows, columns) float32.
        inside: the space within the skull, without bone.
        bone: bone.
        mm: pixel size, rows and columns.
        along: (n,) positions of the slices.
        heights: (n,) their heights, mm.
        front, back: rows in pixels, of the inside at its widest.
        half_mm: half its width.
        top_mm: the position of its top.
        middle: (n, rows) the column of the plane of symmetry.
    """

    hu: Image
    inside: Mask
    bone: Mask
    mm: tuple[float, float]
    along: FloatArray
    heights: FloatArray
    front: float
    back: float
    half_mm: float
    top_mm: float
    middle: FloatArray

    @classmethod
    def of(cls, case: Case) -> Self | None:
        """The frame of a case in the radiological convention; None if too little of the head is shown."""
        plane = symmetry_plane(case.scan)
        if plane is None:
            return None
        hu, mm = hu_of(case), pixel_mm_of(case)
        inside = inside_skull(hu)
        along, heights = slices_of(case)
        areas = inside.sum(axis=(1, 2))
        wide = areas >= _WIDE * areas.max()
        rows = np.flatnonzero(inside[wide].any(axis=(0, 2)))
        columns = np.flatnonzero(inside[wide].any(axis=(0, 1)))
        highest = int(np.flatnonzero(areas * np.prod(mm) > 200)[-1])
        n, n_rows = hu.shape[:2]
        k, row = np.arange(n)[:, None], np.arange(n_rows)
        return cls(
            hu=hu,
            inside=inside,
            bone=bone_of(hu),
            mm=mm,
            along=along,
            heights=heights,
            front=float(rows[0]),
            back=float(rows[-1]),
            half_mm=float(columns[-1] - columns[0] + 1) * mm[1] / 2,
            top_mm=float(along[highest] + heights[highest] / 2),
            middle=plane.column + plane.per_row * row + plane.per_slice * k,
        )

    @property
    def scale(self) -> float:
        """The length of this head relative to the atlas."""
        return (self.back - self.front) * self.mm[0] / (_FRONT - _BACK)

    @cached_property
    def x_mm(self) -> Image:
        """(n, rows, columns) the distance from the plane of symmetry, positive towards the patient's left."""
        columns = np.arange(self.hu.shape[2])
        return np.asarray((columns - self.middle[:, :, None]) * self.mm[1], np.float32)

    def place(self, x: float, y: float, z: float) -> Place:
        """(slice, row, column) of atlas coordinates, fractional; the slice may be outside of the scan."""
        up = z * np.cos(_RISES) - (y + 20) * np.sin(_RISES)
        ahead = y * np.cos(_RISES) + z * np.sin(_RISES)
        row = self.front + (_FRONT - ahead) * self.scale / self.mm[0]
        position = self.top_mm - (_TOP - up) * self.scale
        k = float(np.interp(position, self.along, np.arange(len(self.along)), left=-1, right=len(self.along)))
        at = int(np.clip(round(k), 0, len(self.along) - 1)), int(np.clip(round(row), 0, self.hu.shape[1] - 1))
        # The atlas' right is at smaller columns.
        return k, row, float(self.middle[at] - x * self.half_mm / _HALF_WIDTH / self.mm[1])

    def offsets_mm(self, place: Place) -> tuple[Image, Image, Image]:
        """The distance of voxels from a place: up, to posterior and to the left, mm; they broadcast to a volume."""
        k, row, column = place
        at = float(np.interp(k, np.arange(len(self.along)), self.along))
        up = np.asarray(self.along - at, np.float32)[:, None, None]
        back = np.asarray((np.arange(self.hu.shape[1]) - row) * self.mm[0], np.float32)[None, :, None]
        left = np.asarray((np.arange(self.hu.shape[2]) - column) * self.mm[1], np.float32)[None, None, :]
        return up, back, left

    @cached_property
    def smooth(self) -> Image:
        """(n, rows, columns) HU with less noise; soft tissue is smoothed among itself, without bone."""
        sigma = [0, *(_DENOISED_MM / one for one in self.mm)]
        soft = ((self.hu > _SOFTEST_HU[0]) & (self.hu < _SOFTEST_HU[1])).astype(np.float32)
        weight = ndimage.gaussian_filter(soft, sigma)
        mean = ndimage.gaussian_filter(self.hu * soft, sigma) / np.maximum(weight, 1e-3)
        return np.where(soft > 0, mean, np.clip(self.hu, -100, 200)).astype(np.float32)

    @cached_property
    def brain_hu(self) -> float:
        """The median of brain."""
        some = self.smooth[self.inside]
        brain = some[(some > _BRAIN_HU[0]) & (some < _BRAIN_HU[1])]
        return float(np.median(brain)) if brain.size else 33.0

    @cached_property
    def tissue(self) -> Mask:
        """Brain, fluid and blood inside the skull; not what is in the orbits and sinuses, or connected by bridges."""
        soft = self.inside & (self.smooth > _SOFT_HU[0]) & (self.smooth < _SOFT_HU[1])
        in_plane = ndimage.generate_binary_structure(2, 1)[None]
        steps = max(1, round(_BRIDGE_MM / 2 / self.mm[0]))
        labels, count = ndimage.label(ndimage.binary_erosion(soft, in_plane, steps))
        if not count:
            return np.asarray(soft)
        largest = labels == 1 + np.bincount(labels.ravel())[1:].argmax()
        return np.asarray(ndimage.binary_dilation(largest, in_plane, steps + max(1, round(3 / self.mm[0]))) & soft)

    @cached_property
    def fluid(self) -> Image:
        """(n, rows, columns) the share of cerebrospinal fluid, 0 to 1, by the HU between water and white matter."""
        highest = self.brain_hu - _WHITE_HU
        share = (highest - self.smooth) / (highest - _WATER_HU)
        return np.where(self.tissue, np.clip(share, 0, 1), 0).astype(np.float32)

    @cached_property
    def depth_mm(self) -> Image:
        """(n, rows, columns) the distance from the border of the inside, on the slice; 0 outside."""
        depth = np.zeros(self.hu.shape, np.float32)
        for k in np.flatnonzero(self.inside.any(axis=(1, 2))):
            filled = ndimage.binary_fill_holes(self.inside[k])
            depth[k] = ndimage.distance_transform_edt(filled, sampling=self.mm)
        return depth

    def nearest(
        self, place: tuple[float, float, float], where: Mask, within_mm: float
    ) -> tuple[float, float, float] | None:
        """The voxel of `where` that is nearest to a place, if one is near enough."""
        up, back, left = self.offsets_mm(place)
        distance = np.where(where, np.sqrt(up**2 + back**2 + left**2), np.inf)
        k, row, column = np.unravel_index(int(distance.argmin()), distance.shape)
        return (float(k), float(row), float(column)) if distance[k, row, column] <= within_mm else None


def smooth_field(shape: tuple[int, ...], sigma: tuple[float, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """A smooth random field of mean 0 and standard deviation 1; `sigma` in voxels."""
    step = [max(1, int(s)) for s in sigma]
    small = rng.standard_normal([-(-n // s) + 3 for n, s in zip(shape, step, strict=True)]).astype(np.float32)
    small = ndimage.gaussian_filter(small, 1.0)
    at = np.meshgrid(*(np.arange(n, dtype=np.float32) / s + 1 for n, s in zip(shape, step, strict=True)), indexing="ij")
    field = ndimage.map_coordinates(small, at, order=1)
    return np.asarray((field - field.mean()) / (field.std() + 1e-6), np.float32)
