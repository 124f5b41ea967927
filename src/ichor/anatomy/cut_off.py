"""Bone that a narrow gray window has cut off: it ends as bright as dense blood, and is told apart by its extent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.skull import BONE_HU
from ichor.windows import BRAIN, DENSE_BLOOD_HU

WITHIN_END_HU = 1.0  # of the highest value; even dense clots vary by more, and rarely reach the end of a window
BONE_CM2 = 1.0  # on a slice; smaller bright spots are left as they are


def with_bone(hu: NDArray[np.float32], pixel_mm: float) -> NDArray[np.float32]:
    """The slices `hu` (n, rows, columns) with cut off bone at 200 HU.

    `hu` itself if they exceed the brain window, or end so low that dense blood cannot be told from bone. Bone is what
    lies within 1 HU of the highest value in regions of at least 1 cm² on a slice. Pixels are square, of `pixel_mm`.
    """
    highest = float(hu.max(initial=-np.inf))
    if not DENSE_BLOOD_HU - WITHIN_END_HU <= highest <= BRAIN.highest_hu + WITHIN_END_HU:
        return hu
    restored = hu.copy()
    for k, slice_ in enumerate(hu):
        labels, _ = ndimage.label(slice_ >= highest - WITHIN_END_HU)
        large = np.bincount(labels.ravel()) * pixel_mm**2 >= 100 * BONE_CM2
        large[0] = False
        restored[k][large[labels]] = BONE_HU
    return restored
