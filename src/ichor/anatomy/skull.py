"""The skull, and what lies inside it: the one implementation that checks, methods, training and pictures share.

Inside can be found in two ways. By directions: a place is inside where bone lies in three of the four directions along
its row and column, which holds with a fracture, a suture or a piece of skull taken out. By enclosure: what bone closes
in on a slice once gaps of a given width are bridged, which has a sharper border and nothing where the skull is open.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

# Bone is at least this dense, above clotted blood and contrast agent in vessels; where a scan's values end below, as
# those of a brain window do, bone is what reaches their end.
BONE_HU = 200.0
WITHIN_END_HU = 5.0


def bone_from_hu(hu: NDArray[Any]) -> float:
    """What is at least so dense on this scan is bone."""
    return min(BONE_HU, float(hu.max()) - WITHIN_END_HU)


def bone_of(hu: NDArray[Any]) -> Mask:
    """The bone of a scan's HU, of the same shape."""
    return np.asarray(hu >= bone_from_hu(hu))


def directions_with(bone: Mask) -> NDArray[np.uint8]:
    """In how many of the four directions along rows and columns bone lies, (n, rows, columns); its own pixel counts."""
    count = np.zeros(bone.shape, np.uint8)
    for axis in (1, 2):
        count += np.maximum.accumulate(bone, axis=axis)
        count += np.flip(np.maximum.accumulate(np.flip(bone, axis), axis=axis), axis)
    return count


def inside(bone: Mask) -> Mask:
    """What lies inside the skull by directions, (n, rows, columns), without the bone itself."""
    return np.asarray((directions_with(bone) >= 3) & ~bone)


def enclosed(bone: Mask, gap_px: int) -> Mask:
    """What bone encloses on one slice (rows, columns), gaps up to twice `gap_px` pixels wide bridged; without the bone.

    Nothing where the skull is open further than that.
    """
    padded = np.pad(bone, gap_px)
    bridged = ndimage.binary_dilation(padded, iterations=gap_px) if gap_px else padded
    hole = ndimage.binary_fill_holes(bridged) & ~bridged
    grown = ndimage.binary_dilation(hole, iterations=gap_px) if gap_px else hole
    cut = slice(gap_px, -gap_px or None)
    return np.asarray(grown[cut, cut] & ~bone)
