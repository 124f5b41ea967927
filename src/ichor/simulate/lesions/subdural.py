"""Thin subdural hemorrhage: along the convexity, the falx and the tentorium.

Blood in the subdural space spreads as a sheet along the dura, crosses sutures, and does not cross the dura's
attachments. Along the convexity it is a crescent that pushes the brain inwards; a few mm thick, it looks like a thicker
skull in a wide window. Along the falx it is a band on one side of the plane of symmetry, along the tentorium one that
ends sharply towards the middle and fades to the side, since the tentorium runs obliquely through the slices.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.lesions.frame import HeadFrame, smooth_field
from ichor.simulate.lesions.paint import DRAWN, Grown, blood, painted, step
from ichor.simulate.resample import Image
from ichor.subtypes import Subtype

_ACUTE_HU, _SUBACUTE_HU = (52.0, 75.0), (38.0, 50.0)
_SUBACUTE = 0.2  # share of those that are hardly brighter than brain
_EDGE_MM = 1.5
_GIVES_MM = 25.0  # depth to which brain gives way
DRAWN_OBLIQUE = 0.3  # readers outline an oblique sheet further into its faint edge
_PARTS = 5  # of a slice's thickness, over which an oblique sheet is averaged


def along_convexity(case: Case, head: HeadFrame, rng: np.random.Generator) -> Grown:
    """A crescent of 2 to 9 mm at its thickest, over 4 to 14 cm of one side's inner table."""
    thick, side = float(rng.uniform(2, 9)), float(rng.choice((-1, 1)))
    long, high = rng.uniform(25, 70), rng.uniform(12, 40)
    up, back, _ = head.offsets_mm(head.place(side * 60, rng.uniform(-70, 45), rng.uniform(0, 50)))
    away = np.sqrt((up / high) ** 2 + (back / long) ** 2)
    rough = 1 + 0.15 * smooth_field(head.hu.shape, (2.0, 12 / head.mm[0], 12 / head.mm[1]), rng)
    profile = np.sqrt(np.clip(1 - (away * rough) ** 2, 0, 1))
    thickness = np.float32(thick) * profile * np.clip((head.x_mm * side - 3) / 6, 0, 1)
    share = step(head.depth_mm - thickness, max(head.mm)) * (thickness > 0.3) * head.inside
    share *= head.smooth < 120
    pushed = replace(head, hu=_pushed(head, thickness))
    return blood(case, painted(pushed, share, _hu(rng)), share > DRAWN, Subtype.SDH)


def along_falx(case: Case, head: HeadFrame, rng: np.random.Generator) -> Grown:
    """A band of 2 to 6 mm on one side of the falx, in front, behind or both, down to 4 cm from the vault."""
    thick, side = float(rng.uniform(2, 6)), float(rng.choice((-1, 1)))
    up, back, _ = head.offsets_mm(head.place(0, rng.choice((35.0, -60.0)), rng.uniform(25, 60)))
    away = np.sqrt((up / rng.uniform(15, 35)) ** 2 + (back / rng.uniform(15, 45)) ** 2)
    rough = 1 + 0.15 * smooth_field(head.hu.shape, (2.0, 12 / head.mm[0], 12 / head.mm[1]), rng)
    thickness = np.float32(thick) * np.sqrt(np.clip(1 - (away * rough) ** 2, 0, 1))
    aside = head.x_mm * side
    share = step(aside - thickness, max(head.mm)) * step(-aside - 0.5, max(head.mm)) * (thickness > 0.3)
    share *= head.tissue * _falx_deep(head)
    return blood(case, painted(head, share, _hu(rng)), share > DRAWN, Subtype.SDH)


def along_tentorium(case: Case, head: HeadFrame, rng: np.random.Generator) -> Grown:
    """A sheet of 1.5 to 4 mm on one half of the tentorium, from its free edge or the straight sinus outwards.

    The tentorium falls from its apex behind the midbrain to the side and to the back, so that a slice cuts it along a
    line from the middle behind to the side in front.
    """
    thick, side = float(rng.uniform(1.5, 4)), float(rng.choice((-1, 1)))
    to_side, to_back = rng.uniform(0.5, 0.75), rng.uniform(0.35, 0.55)  # mm down for each mm
    up, back, _ = head.offsets_mm(head.place(0, -45, rng.uniform(2, 8)))
    aside = head.x_mm * side
    free_edge = np.where(back < 0, 12.0, np.maximum(0.5, 12 - back))  # around the midbrain, then the straight sinus
    rough = smooth_field(head.hu.shape, (2.0, 10 / head.mm[0], 10 / head.mm[1]), rng)
    # How far along the sheet the blood spreads, sideways and in front and behind; thinner towards its ends.
    middle, reach = rng.uniform(0, 30), rng.uniform(18, 34)
    along = np.sqrt(((back - middle) / reach) ** 2 + ((aside - 18) / rng.uniform(18, 34)) ** 2) * (1 + 0.2 * rough)
    half = np.float32(thick / 2) * np.sqrt(np.clip(1 - along**2, 0, 1))
    steep = np.sqrt(1 + to_side**2 + to_back**2)
    share = np.zeros(head.hu.shape, np.float32)
    for part in (np.arange(_PARTS) + 0.5) / _PARTS - 0.5:
        height = up + (part * head.heights)[:, None, None].astype(np.float32)
        from_sheet = (height + to_side * aside + to_back * np.maximum(back, -10)) / steep
        share += step(np.abs(from_sheet) - half, 0.8) / _PARTS
    share *= (half > 0.3) * step(free_edge - aside, 1.5) * head.tissue
    return blood(case, painted(head, share, _hu(rng)), share > DRAWN_OBLIQUE, Subtype.SDH)


def _hu(rng: np.random.Generator) -> float:
    return float(rng.uniform(*(_SUBACUTE_HU if rng.random() < _SUBACUTE else _ACUTE_HU)))


def _falx_deep(head: HeadFrame) -> Image:
    """1 within 4 cm of the vault in front of, behind or above a voxel: further in there is no falx."""
    rows = np.arange(head.hu.shape[1])[None, :, None]
    found = np.zeros((len(head.hu), head.hu.shape[1], 1), np.float32)
    above = (head.top_mm - head.along)[:, None, None]
    for k in np.flatnonzero(head.inside.any(axis=(1, 2))):
        own = np.flatnonzero(head.inside[k].any(axis=1))
        end = np.minimum(rows[0] - own[0], own[-1] - rows[0]) * head.mm[0]
        found[k] = np.clip((np.maximum(0, 42 - np.minimum(end, above[k]))) / 4, 0, 1)
    return found


def _pushed(head: HeadFrame, thickness: Image) -> Image:
    """The slices with brain pushed inwards by the thickness, less and less to a depth of 25 mm."""
    depth = ndimage.gaussian_filter(head.depth_mm, [0, 1.5 / head.mm[0], 1.5 / head.mm[1]])
    shift = thickness * np.clip(1 - (head.depth_mm - thickness) / _GIVES_MM, 0, 1)
    shift = np.clip(np.minimum(shift, head.depth_mm - _EDGE_MM), 0, None)  # not from within the edge of the bone
    found = head.hu.copy()
    rows, columns = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in head.hu.shape[1:]), indexing="ij")
    for k in np.flatnonzero((shift > 0.2).any(axis=(1, 2))):
        down, right = np.gradient(depth[k], *head.mm)
        norm = np.hypot(down, right) + 1e-3
        outward = np.stack([-down / norm / head.mm[0], -right / norm / head.mm[1]]) * shift[k]
        moved = ndimage.map_coordinates(head.hu[k], [rows + outward[0], columns + outward[1]], order=1, mode="nearest")
        found[k] = np.where((shift[k] > 0) & (moved < head.brain_hu + 25), moved, head.hu[k])
    return found


THIN_SUBDURAL = {"convexity": along_convexity, "falx": along_falx, "tentorium": along_tentorium}
