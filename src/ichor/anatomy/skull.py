"""The skull and the intracranial space, shared by checks, methods, training and pictures.

The intracranial space is found in two ways. By directions: a pixel is inside if there is bone in three of the four
directions along its row and column, which works with fractures, sutures and craniectomy. By enclosure: the area that
bone encloses on a slice once gaps up to a given width are bridged, which has a sharper border but is empty where the
skull is open.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

# Bone is at least this dense, above clotted blood and contrast agent in vessels; if a scan's values are clipped lower,
# as in a brain window, bone is what reaches the upper end.
BONE_HU = 200.0
WITHIN_END_HU = 5.0
AIR_BELOW_HU = -100.0


def bone_from_hu(hu: NDArray[Any]) -> float:
    """The threshold for bone on this scan, in HU."""
    return min(BONE_HU, float(hu.max()) - WITHIN_END_HU)


def bone_of(hu: NDArray[Any]) -> Mask:
    """The bone in HU of any shape."""
    return np.asarray(hu >= bone_from_hu(hu))


def directions_with(bone: Mask) -> NDArray[np.uint8]:
    """In how many of the four directions along rows and columns there is bone, (n, rows, columns), itself included."""
    count = np.zeros(bone.shape, np.uint8)
    for axis in (1, 2):
        count += np.maximum.accumulate(bone, axis=axis)
        count += np.flip(np.maximum.accumulate(np.flip(bone, axis), axis=axis), axis)
    return count


def inside(bone: Mask) -> Mask:
    """The intracranial space by directions, (n, rows, columns), without bone."""
    return np.asarray((directions_with(bone) >= 3) & ~bone)


def bone_and_tissue_inside(hu: NDArray[Any]) -> tuple[Mask, Mask]:
    """The bone in HU (n, rows, columns), and what is inside of it by directions and not air."""
    bone = bone_of(hu)
    return bone, inside(bone) & np.asarray(hu > AIR_BELOW_HU)


def enclosed(bone: Mask, gap_px: int) -> Mask:
    """The area enclosed by bone on one slice (rows, columns), with gaps up to twice `gap_px` pixels bridged; without
    bone.

    Empty if the gaps in the skull are wider.
    """
    padded = np.pad(bone, gap_px)
    bridged = ndimage.binary_dilation(padded, iterations=gap_px) if gap_px else padded
    hole = ndimage.binary_fill_holes(bridged) & ~bridged
    grown = ndimage.binary_dilation(hole, iterations=gap_px) if gap_px else hole
    cut = slice(gap_px, -gap_px or None)
    return np.asarray(grown[cut, cut] & ~bone)
