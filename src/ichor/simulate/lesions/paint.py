"""Paints a substance into a head with realistic partial volume, and keeps the image's own noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.lesions.frame import HeadFrame
from ichor.simulate.resample import Image, Mask
from ichor.subtypes import Subtype

_BLUR_MM = 0.45  # the point spread of a soft kernel
DRAWN = 0.5  # the share of blood from which a reader counts a voxel to a hemorrhage


@dataclass(frozen=True, eq=False)
class Grown:
    """A case with something grown into it.

    Attributes:
        case: the changed case.
        where: (n, rows, columns) bool, the voxels that consist of it for the most part; for a mimic, they are not in
            the mask.
    """

    case: Case
    where: Mask


def painted(head: HeadFrame, share: Image, hu: float | Image) -> Image:
    """The head's HU with each voxel consisting to `share` (n, rows, columns), 0 to 1, of a substance of that HU.

    The share is blurred by the scanner's point spread. What is replaced is the tissue without its noise, so that the
    noise stays.
    """
    share = blurred(head, share)
    return np.asarray(head.hu + share * (np.asarray(hu, np.float32) - head.smooth), np.float32)


def blurred(head: HeadFrame, share: Image) -> Image:
    """A share of each voxel after the scanner's point spread, in plane; bone has none."""
    spread = ndimage.gaussian_filter(share, [0, *(_BLUR_MM / mm for mm in head.mm)])
    return np.asarray(spread * head.inside, np.float32)


def mimic(case: Case, hu: Image, where: Mask) -> Grown:
    """A case with other HU and the same delineation."""
    return Grown(replace(case, scan=replace(case.scan, voxels=hu, gray_window=None)), where)


def blood(case: Case, hu: Image, where: Mask, subtype: Subtype) -> Grown:
    """A case with other HU, whose delineation and labels also have `where` as hemorrhage of a subtype."""
    labels = case.labels.copy()
    labels[:, list(Subtype).index(subtype)] |= where.any(axis=(1, 2))
    scan = replace(case.scan, voxels=hu, gray_window=None)
    return Grown(replace(case, scan=scan, delineation=case.mask | where, subtypes=labels), where)


def step(distance_mm: Image, width_mm: float) -> Image:
    """The share of a voxel within an edge at distance 0, inside where it is negative; the edge is `width_mm` wide."""
    return np.asarray(np.clip(0.5 - distance_mm / width_mm, 0, 1), np.float32)
