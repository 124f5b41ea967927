"""The inside of the skull, coarsely: enough to tell whether a scan shows a whole head as the models know it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.field_of_view import Field, shows_something
from ichor.anatomy.head import HEAD_ABOVE_HU, HeadOutline, coarse_hu
from ichor.anatomy.skull import bone_from_hu, directions_with
from ichor.scan import FloatArray, Scan

Mask = NDArray[np.bool_]

SOFT_HU = (-20.0, 120.0)  # brain, fluid and blood
WIDE = 0.6  # slices on which the brain is at least so wide, as a share of the widest, are above the skull base
MOST_SLICES = 60  # looked at; of thin slices every second or third does
HEAD_MM = 185.0  # stands for the length of a head whose pixel size is not known
SLICE_MM = 5.0  # and for the distance of slices
SECTORS = 72  # around the brain's middle
SKULL_CM2 = 2.0  # on a slice; what is dense and smaller is calcified, or a vessel
FROM_BONE_MM = 3.0  # nearer, a pixel may be part bone
FROM_BONE_UP_MM = 5.0  # the same across slices, which are thicker
BESIDE_BONE_MM, DEEPER_MM = (2.5, 5.0), (10.0, 16.0)  # from bone in the plane of a slice
FEWEST_PX, FEWEST_SLICES = 30, 3
TISSUE_HU = (0.0, 100.0)  # of what is compared beside bone and deeper in


@dataclass(frozen=True, slots=True, eq=False)
class Cranium:
    """What is inside the skull on every `every`-th slice.

    Attributes:
        hu: (n, rows, columns) float32, of every so many pixels.
        every: the step between the slices looked at.
        pixel_mm2: the area that one of these pixels stands for.
        bone_hu: what is at least so dense counts as bone.
        shown: which of all slices show anything.
        field: the part of the slices that shows anything.
        cuts: (n, 4) on which slices, and to which side, the head goes on where the field ends.
        brain_cm2: (n,) soft tissue inside.
        soft_share: of what is inside on the slice where the brain is widest, the share that is soft tissue.
        head_share: of what is denser than fat on that slice, the share that is soft tissue inside.
        closed: how much of the way round the brain has skull, as a share of the directions; of the wide slices, the
            upper quartile.
        wide: (n,) where the brain is nearly as wide as anywhere.
        core: (n, rows, columns) inside the skull in all directions and away from bone, on the wide slices.
    """

    hu: NDArray[np.float32]
    every: int
    pixel_mm2: float
    bone_hu: float
    shown: Mask
    field: Field
    cuts: Mask
    brain_cm2: FloatArray
    soft_share: float
    head_share: float
    closed: float
    wide: Mask
    core: Mask

    @classmethod
    def of(cls, scan: Scan, head: HeadOutline) -> Self:
        """Measure a scan; `head` is its outline, which stands for the pixel size where that is not known."""
        every = -(-scan.n_slices // MOST_SLICES)
        hu, step = coarse_hu(scan)
        row_mm, column_mm = np.full(2, HEAD_MM / max(head.extent))
        if scan.pixel_mm is not None:
            row_mm, column_mm = np.median(scan.pixel_mm, axis=0)
        pixel_mm2 = float(row_mm * column_mm) * step**2
        shown_of_all = shows_something(hu, pixel_mm2)
        hu, shown = hu[::every], shown_of_all[::every]
        bone_hu = bone_from_hu(hu)
        bone = hu >= bone_hu
        field = Field.of(hu[shown] if shown.any() else hu)
        tissue = hu > max(HEAD_ABOVE_HU, float(hu.min()))
        cuts = field.cuts(tissue, bone, pixel_mm2**0.5)
        # Where the head is cut off, the end of the field stands for the skull that would lie beyond.
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
            cuts=cuts,
            brain_cm2=brain_px * pixel_mm2 / 100,
            soft_share=float(brain_px[widest] / max(1, np.count_nonzero(within[widest]))),
            head_share=float(brain_px[widest] / max(1, np.count_nonzero(tissue[widest]))),
            closed=float(np.percentile(closed, 75)) if closed else 0.0,
            wide=wide,
            core=_core(bone, pixel_mm2, slice_mm * every) & wide[:, None, None],
        )

    @property
    def shown_brain_cm2(self) -> FloatArray:
        """The brain's area on the slices looked at that show anything; on all of them where none does."""
        shown = self.shown[:: self.every]
        return self.brain_cm2[shown] if shown.any() else self.brain_cm2

    @property
    def core_cm2(self) -> float:
        """The area of the core on the median slice of those where the brain is wide."""
        return float(np.median(np.count_nonzero(self.core[self.wide], axis=(1, 2)))) * self.pixel_mm2 / 100

    def brain_cm2_of(self, slices: NDArray[np.intp]) -> FloatArray:
        """The brain's area on any of the scan's slices, from those looked at around them."""
        looked_at = np.arange(len(self.brain_cm2)) * self.every
        return np.interp(slices, looked_at, self.brain_cm2)

    def rim_hu(self) -> float | None:
        """How much brighter brain is beside bone than deeper in, on the median wide slice; None if few show it."""
        bone, (low_hu, high_hu) = self.hu >= self.bone_hu, TISSUE_HU
        tissue = (directions_with(bone) == 4) & (self.hu > low_hu) & (self.hu < high_hu)
        apart = []
        for k in np.flatnonzero(self.wide):
            from_bone_mm = ndimage.distance_transform_edt(~bone[k]) * self.pixel_mm2**0.5
            beside, deeper = (
                self.hu[k][tissue[k] & (from_bone_mm >= low) & (from_bone_mm < high)]
                for low, high in (BESIDE_BONE_MM, DEEPER_MM)
            )
            if min(beside.size, deeper.size) >= FEWEST_PX:
                apart.append(float(np.median(beside) - np.median(deeper)))
        return float(np.median(apart)) if len(apart) >= FEWEST_SLICES else None


def _closed(bone: Mask, soft: Mask) -> float:
    """The share of the directions from the middle of the soft tissue, on one slice, in which bone lies."""
    row, column = (np.mean(places) for places in np.nonzero(soft))
    rows, columns = np.nonzero(bone)
    turn = (np.arctan2(rows - row, columns - column) / (2 * np.pi)) % 1
    return np.unique((turn * SECTORS).astype(int) % SECTORS).size / SECTORS


def _core(bone: Mask, pixel_mm2: float, slice_mm: float) -> Mask:
    """Inside the skull in all directions, and away from it; small dense spots inside are no skull."""
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
