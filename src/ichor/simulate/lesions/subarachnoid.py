"""Subarachnoid hemorrhage: blood in the fluid of sulci, fissures and cisterns.

The blood mixes with the fluid, so a voxel becomes brighter in proportion to the fluid that it contains. Blood in narrow
sulci is therefore faint: a sulcus of 2 mm fills a third of a voxel, and its blood is hardly brighter than brain. The
share of fluid comes from the image itself. After trauma, blood lies in some sulci of the convexity; after the rupture
of an aneurysm, it lies in the cisterns at the base and the adjacent fissures.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.lesions.frame import HeadFrame, smooth_field
from ichor.simulate.lesions.paint import Grown, blood, step
from ichor.simulate.resample import Image
from ichor.subtypes import Subtype

# The middles of what is filled, in atlas coordinates, right side: the cisterns at the base, the Sylvian fissure, the
# fissure between the hemispheres in front, and the cistern around the midbrain.
_CISTERNS = ((0.0, 0.0, -16.0), (38.0, 6.0, -4.0), (0.0, 36.0, 4.0), (12.0, -24.0, -12.0))
_REACH_MM = 22.0
_DEEP_MM = 26.0  # fluid deeper than this is that of the ventricles, except in the cisterns
_SEEN_HU = 10.0  # a difference from before, and half of it from brain, that a reader sees in the usual noise
_SPECK_MM2, _SLICE_MM2 = 4.0, 12.0
_CORTEX_MM = 20.0  # how deep sulci reach
_CLOSED_MM = 1.5  # gaps that a reader's outline closes
_TIGHT = 0.45  # of fluid in the darkest sulci that the image does not resolve, as in the young
_FROM_BONE_MM = 1.0  # nearer than this, a voxel is partly bone
_SPREAD_MM = 0.9  # by which blood and the image's point spread blur a sulcus
_WATERY_HU = 14.0
_WIDENED_MM, _FILLED = 0.5, (1.1, 2.2)  # by how much blood widens a sulcus, and fills it beyond the fluid it had


def in_sulci(case: Case, head: HeadFrame, rng: np.random.Generator) -> Grown:
    """Blood in the sulci of one region of the convexity, 1.5 to 4 cm around a point."""
    side, y, z = float(rng.choice((-1, 1))), rng.uniform(-80, 55), rng.uniform(5, 60)
    place = head.place(side * 68 * np.sqrt(max(0.1, 1 - (z / 85) ** 2 - ((y + 16) / 95) ** 2)), y, z)
    reach = float(rng.uniform(15, 40))
    share = _around(head, [place], reach, rng) * np.clip((_DEEP_MM - head.depth_mm) / 4, 0, 1)
    return _filled(case, head, share, rng)


def in_cisterns(case: Case, head: HeadFrame, rng: np.random.Generator) -> Grown:
    """Blood in the cisterns at the base, and in some of the fissures."""
    chosen = [_CISTERNS[0]] if rng.random() < 0.7 else []
    for x, y, z in _CISTERNS[1:]:
        sides = (-1.0, 1.0) if x else (1.0,)
        chosen += [(side * x, y, z) for side in sides if rng.random() < 0.5]
    places = [head.place(*one) for one in chosen or _CISTERNS[:1]]
    return _filled(case, head, _around(head, places, float(rng.uniform(0.7, 1.4)) * _REACH_MM, rng), rng)


def _around(
    head: HeadFrame, places: list[tuple[float, float, float]], reach_mm: float, rng: np.random.Generator
) -> Image:
    """(n, rows, columns) 1 near the places, fading to 0 at about `reach_mm`, irregularly."""
    away = np.full(head.hu.shape, np.inf, np.float32)
    for place in places:
        up, back, left = head.offsets_mm(place)
        away = np.minimum(away, np.sqrt(up**2 + back**2 + left**2) / np.float32(reach_mm))
    voxels = (1.5, 8 / head.mm[0], 8 / head.mm[1])
    return np.asarray(
        np.clip((1.1 - away * (1 + 0.3 * smooth_field(head.hu.shape, voxels, rng))) / 0.3, 0, 1), np.float32
    )


def _filled(case: Case, head: HeadFrame, where: Image, rng: np.random.Generator) -> Grown:
    """Replace fluid there by blood of 58 to 85 HU, diluted differently from place to place, which widens sulci."""
    texture = smooth_field(head.hu.shape, (1.5, 5 / head.mm[0], 5 / head.mm[1]), rng)
    hu = np.clip(rng.uniform(58, 85) * (0.9 + 0.1 * texture), head.brain_hu + 6, None)
    fluid = np.maximum(head.fluid, _TIGHT * _hidden(head))
    distended = ndimage.grey_dilation(fluid, (1, *(1 + 2 * round(_WIDENED_MM / mm) for mm in head.mm)))
    fluid = np.clip(float(rng.uniform(*_FILLED)) * (fluid + distended) / 2, 0, 1)
    share = where * fluid * step(_FROM_BONE_MM - head.depth_mm, 1.0)
    share = ndimage.gaussian_filter(share, [0, _SPREAD_MM / head.mm[0], _SPREAD_MM / head.mm[1]]) * head.tissue
    added = share * np.maximum(hu - np.minimum(head.smooth, _WATERY_HU), 0)
    seen = (added > _SEEN_HU) & (head.smooth + added > head.brain_hu + _SEEN_HU / 2)
    seen = ndimage.binary_closing(seen, np.ones((1, 3, 3)), max(1, round(_CLOSED_MM / head.mm[0]))) & head.tissue
    return blood(case, (head.hu + added).astype(np.float32), _without_specks(seen, head), Subtype.SAH)


def _hidden(head: HeadFrame) -> Image:
    """(n, rows, columns) 0 to 1, sulci that the image does not resolve: what is darker than the tissue around it."""
    sigma = [0, 4 / head.mm[0], 4 / head.mm[1]]
    tissue = head.tissue.astype(np.float32)
    around = ndimage.gaussian_filter(head.smooth * tissue, sigma) / np.maximum(
        ndimage.gaussian_filter(tissue, sigma), 1e-3
    )
    darker = np.clip((around - head.smooth - 2) / 10, 0, 1) * np.clip((_CORTEX_MM - head.depth_mm) / 4, 0, 1)
    return np.asarray(darker * tissue, np.float32)


def _without_specks(seen: np.ndarray, head: HeadFrame) -> np.ndarray:
    """Without regions of less than 4 mm², and without slices of less than 12 mm², which no reader outlines."""
    labels, _ = ndimage.label(seen, np.array([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))]))
    sizes = np.bincount(labels.ravel()) * np.prod(head.mm)
    sizes[0] = 0
    kept = seen & (sizes[labels] >= _SPECK_MM2)
    kept[kept.sum(axis=(1, 2)) * np.prod(head.mm) < _SLICE_MM2] = False
    return np.asarray(kept)
