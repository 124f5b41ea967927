"""The intracranial space at low resolution: enough to decide whether a scan shows a whole head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.field_of_view import Field, has_content
from ichor.anatomy.head import HEAD_ABOVE_HU, THINNER, HeadOutline, coarse_hu, thick_tissue
from ichor.anatomy.skull import bone_from_hu, directions_with
from ichor.scan import FloatArray, Scan

Mask = NDArray[np.bool_]

SOFT_HU = (-20.0, 120.0)  # brain, fluid and blood
WIDE = 0.6  # slices with at least this fraction of the largest brain area are above the skull base
MAX_SLICES = 60  # sampled; of thin slices every second or third is enough
HEAD_MM = 185.0  # assumed length of the head if the pixel size is unknown
SLICE_MM = 5.0  # assumed slice distance if it is unknown
SECTORS = 72  # around the brain's center
SKULL_CM2 = 2.0  # on a slice; smaller dense regions are calcifications or vessels
FROM_BONE_MM = 3.0  # closer pixels may be partly bone
FROM_BONE_UP_MM = 5.0  # the same between slices, which are thicker
NEAR_BONE_MM, DEEPER_MM = (2.5, 5.0), (10.0, 16.0)  # distances from bone within a slice
MIN_PX, MIN_SLICES = 30, 3
CORNER = 12  # the corners of the field are squares of this fraction of its shorter side; text covers part of them
TISSUE_HU = (0.0, 100.0)  # range of the values compared next to bone and further in


@dataclass(frozen=True, slots=True, eq=False)
class Cranium:
    """The intracranial space on every `every`-th slice.

    Attributes:
        hu: (n, rows, columns) float32, subsampled; of gray images without the frame and text around the head.
        every: the step between the slices used.
        pixel_mm2: the area of one of these pixels.
        bone_hu: the threshold for bone.
        shown: which of all slices have content.
        field: the part of the slices with content.
        corner_hu: the median in the corners of the field.
        cuts: (n, 4) on which slices, and on which side, the head continues beyond the field of view.
        brain_cm2: (n,) the area of intracranial soft tissue.
        soft_share: the fraction of the intracranial space that is soft tissue, on the slice with most brain.
        head_share: the fraction of everything denser than fat that is intracranial soft tissue, on that slice.
        closed: the fraction of directions in which the brain is enclosed by skull; upper quartile of the wide slices.
        wide: (n,) where the brain is nearly as wide as at its widest.
        soft: (n, rows, columns) intracranial soft tissue on the wide slices.
        core: (n, rows, columns) enclosed by skull in all directions and away from bone, on the wide slices.
    """

    hu: NDArray[np.float32]
    every: int
    pixel_mm2: float
    bone_hu: float
    shown: Mask
    field: Field
    corner_hu: float
    cuts: Mask
    brain_cm2: FloatArray
    soft_share: float
    head_share: float
    closed: float
    wide: Mask
    soft: Mask
    core: Mask

    @classmethod
    def of(cls, scan: Scan, head: HeadOutline) -> Self:
        """Measure a scan; the size of its `head` outline replaces the pixel size if that is unknown."""
        every = -(-scan.n_slices // MAX_SLICES)
        hu, step = coarse_hu(scan)
        row_mm, column_mm = np.full(2, HEAD_MM / max(head.extent))
        if scan.pixel_mm is not None:
            row_mm, column_mm = np.median(scan.pixel_mm, axis=0)
        pixel_mm2 = float(row_mm * column_mm) * step**2
        shown_of_all = has_content(hu, pixel_mm2)
        hu, shown = hu[::every], shown_of_all[::every]
        field = Field.of(hu[shown] if shown.any() else hu)
        corner_hu = _corner_hu(hu, field)
        if scan.gray_window is not None:
            hu = _without_text(hu)
        bone_hu = bone_from_hu(hu)
        bone = hu >= bone_hu
        tissue = hu > max(HEAD_ABOVE_HU, float(hu.min()))
        cuts = field.cuts(tissue, bone, pixel_mm2**0.5)
        # Where the head is cut off, the end of the field replaces the skull beyond it.
        wall = bone | (tissue & np.einsum("ks,src->krc", cuts, field.ends))
        within = (directions_with(wall) >= 3) & ~bone
        soft = within & (hu > SOFT_HU[0]) & (hu < SOFT_HU[1])
        brain_px = np.count_nonzero(soft, axis=(1, 2))
        widest = int(brain_px.argmax())
        wide = (brain_px >= WIDE * brain_px[widest]) & (brain_px > 0)
        closed = [_closed(wall[k], soft[k]) for k in np.flatnonzero(wide)]
        distances = scan.slice_distances_mm
        slice_mm = SLICE_MM if distances is None or not distances.size else float(np.median(distances))
        return cls(
            hu=hu,
            every=every,
            pixel_mm2=pixel_mm2,
            bone_hu=bone_hu,
            shown=shown_of_all,
            field=field,
            corner_hu=corner_hu,
            cuts=cuts,
            brain_cm2=brain_px * pixel_mm2 / 100,
            soft_share=float(brain_px[widest] / max(1, np.count_nonzero(within[widest]))),
            head_share=float(brain_px[widest] / max(1, np.count_nonzero(tissue[widest]))),
            closed=float(np.percentile(closed, 75)) if closed else 0.0,
            wide=wide,
            soft=soft & wide[:, None, None],
            core=_core(bone, pixel_mm2, slice_mm * every) & wide[:, None, None],
        )

    @property
    def shown_brain_cm2(self) -> FloatArray:
        """The brain's area on the sampled slices with content; on all of them if none has content."""
        shown = self.shown[:: self.every]
        return self.brain_cm2[shown] if shown.any() else self.brain_cm2

    @property
    def core_cm2(self) -> float:
        """The median area of the core on the wide slices."""
        return float(np.median(np.count_nonzero(self.core[self.wide], axis=(1, 2)))) * self.pixel_mm2 / 100

    def brain_cm2_of(self, slices: NDArray[np.intp]) -> FloatArray:
        """The brain's area on any of the scan's slices, interpolated from the sampled ones."""
        sampled = np.arange(len(self.brain_cm2)) * self.every
        return np.interp(slices, sampled, self.brain_cm2)

    def rim_hu(self) -> float | None:
        """How much brighter brain is near bone than further in, on the median wide slice; None if too few show it."""
        bone, (low_hu, high_hu) = self.hu >= self.bone_hu, TISSUE_HU
        tissue = (directions_with(bone) == 4) & (self.hu > low_hu) & (self.hu < high_hu)
        differences = []
        for k in np.flatnonzero(self.wide):
            from_bone_mm = ndimage.distance_transform_edt(~bone[k]) * self.pixel_mm2**0.5
            near, deeper = (
                self.hu[k][tissue[k] & (from_bone_mm >= low) & (from_bone_mm < high)]
                for low, high in (NEAR_BONE_MM, DEEPER_MM)
            )
            if min(near.size, deeper.size) >= MIN_PX:
                differences.append(float(np.median(near) - np.median(deeper)))
        return float(np.median(differences)) if len(differences) >= MIN_SLICES else None


def _corner_hu(hu: NDArray[np.float32], field: Field) -> float:
    """The median of the four corners of the field on all slices."""
    size = max(1, min(end - first for first, end in (field.rows, field.columns)) // CORNER)
    rows, columns = (np.r_[first : first + size, end - size : end] for first, end in (field.rows, field.columns))
    return float(np.median(hu[:, rows[:, None], columns]))


def _without_text(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """The subsampled slices, with the darkest value outside of the rectangle that contains all thick objects.

    Pictures from a viewer have a frame there, and text and scales that are as bright as bone.
    """
    thick = thick_tissue(hu)
    if not thick.any():
        return hu
    rows, columns = _around(np.flatnonzero(thick.any(axis=(0, 2)))), _around(np.flatnonzero(thick.any(axis=(0, 1))))
    only = np.full_like(hu, hu.min())
    only[:, rows, columns] = hu[:, rows, columns]
    return only


def _around(places: NDArray[np.int64]) -> slice:
    """From the first to the last place, with the margin that opening takes away."""
    return slice(max(0, int(places[0]) - THINNER), int(places[-1]) + THINNER + 1)


def _closed(bone: Mask, soft: Mask) -> float:
    """The fraction of directions from the center of the soft tissue, on one slice, in which there is bone."""
    row, column = (np.mean(places) for places in np.nonzero(soft))
    rows, columns = np.nonzero(bone)
    angle = (np.arctan2(rows - row, columns - column) / (2 * np.pi)) % 1
    return np.unique((angle * SECTORS).astype(int) % SECTORS).size / SECTORS


def _core(bone: Mask, pixel_mm2: float, slice_mm: float) -> Mask:
    """The space enclosed by skull in all directions, and away from it; small dense spots are not skull."""
    touching = np.zeros((3, 3, 3), bool)
    touching[1] = True
    labels, _ = ndimage.label(bone, touching)
    size = np.bincount(labels.ravel())
    size[0] = 0
    skull = (size * pixel_mm2 >= 100 * SKULL_CM2)[labels]
    in_plane = ndimage.generate_binary_structure(2, 1)[None]
    near = ndimage.binary_dilation(skull, in_plane, max(1, round(FROM_BONE_MM / pixel_mm2**0.5)))
    for step in range(1, max(1, round(FROM_BONE_UP_MM / slice_mm)) + 1):
        near[step:] |= skull[:-step]
        near[:-step] |= skull[step:]
    return np.asarray((directions_with(skull) == 4) & ~near)
