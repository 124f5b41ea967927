"""Smoothing of outlines, in label maps with several labels.

Each region is blurred with a Gaussian and thresholded at the level that preserves its area. This would remove thin
structures, so parts in which a disc of five pixels does not fit are left unchanged, except for bumps.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ichor.annotate.boxes import drawn_box
from ichor.annotate.project.runs import LabelMap
from ichor.annotate.shapes import TOUCHING, Mask, largest_in_regions

# The size of the details that smoothing removes, px.
SIGMA = 2.0
DISC = np.hypot(*np.mgrid[-2:3, -2:3]) <= 2.3
# A thin part that extends no further than this from a thick one, px, is a bump.
BUMP = 4.0
_ROUNDING = 1e-6  # values that are equal by symmetry may differ by rounding


def smooth(label_map: LabelMap) -> LabelMap:
    """The label map (rows, columns) with smooth outlines; each region keeps about the same area.

    No region and no thin part is lost. Where labels touch, their common border is smoothed without a gap.
    """
    result = np.zeros_like(label_map)
    box = drawn_box([label_map])
    # A margin into which outlines can move, which is empty at the edge of the image.
    room = int(4 * SIGMA)
    drawn = np.pad(label_map[box], room)
    labels = np.setdiff1d(drawn, 0)
    if not labels.size:
        return result
    masks = [drawn == label for label in labels]
    thin = np.stack([_thin(one) for one in masks])
    claims = np.stack([_smoothed(*one) for one in zip(masks, thin, strict=True)])
    kept = _smoothed(drawn > 0, _thin(drawn > 0)) | thin.any(axis=0)
    # A pixel goes to a thin part, else to the one label that claims it, else to its old one, else to the strongest blur
    blurs = np.stack([ndimage.gaussian_filter(one.astype(np.float32), SIGMA) for one in masks])
    votes = 4 * thin + 2 * claims + 1 * np.stack(masks) + blurs / 2
    smoothed = labels[votes.argmax(axis=0)] * kept
    rows, columns = (slice(one.start - room, one.stop + room) for one in box)
    inside = slice(max(0, -rows.start), None), slice(max(0, -columns.start), None)
    into = result[max(0, rows.start) : rows.stop, max(0, columns.start) : columns.stop]
    into[...] = smoothed[inside][: into.shape[0], : into.shape[1]]
    return result


def _thin(mask: Mask) -> Mask:
    """The parts of a mask (rows, columns) that are too thin for the disc and are not bumps on a thick part."""
    thick = ndimage.binary_opening(mask, DISC)
    if not thick.any():
        return mask
    rest, _ = ndimage.label(mask & ~thick, structure=TOUCHING)
    away = np.asarray(ndimage.distance_transform_edt(~thick), np.float32)
    return np.asarray(largest_in_regions(away, rest) > BUMP)


def _smoothed(mask: Mask, thin: Mask) -> Mask:
    """The mask (rows, columns), smoothed region by region except for its thin parts."""
    result = thin.copy()
    regions, _ = ndimage.label(mask, structure=TOUCHING)
    for number, found in enumerate(ndimage.find_objects(regions), 1):
        box = tuple(slice(max(0, one.start - int(4 * SIGMA)), one.stop + int(4 * SIGMA)) for one in found)
        region, free = regions[box] == number, ~thin[box]
        area = int(np.sum(region & free))
        if area:
            blur = ndimage.gaussian_filter(region.astype(np.float32), SIGMA, mode="constant")
            level = np.partition(blur[free], -area)[-area]
            # Pixels that are equal by symmetry are kept or dropped together, whichever preserves the area better.
            inner, outer = free & (blur > level + _ROUNDING), free & (blur >= level - _ROUNDING)
            result[box] |= inner if outer.sum() - area > area - inner.sum() and inner.any() else outer
    return result
