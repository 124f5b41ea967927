"""Corrects what the acquisition, or the way a scan was saved, did to its gray values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.cut_off import with_bone
from ichor.anatomy.gray_scale import with_usual_brain
from ichor.anatomy.rim import without_rim
from ichor.windows import GrayWindow


def corrected(hu: NDArray[np.float32], window: GrayWindow | None, pixel_mm: float) -> NDArray[np.float32]:
    """The slices `hu` (n, rows, columns) with usual brain, with bone, and without a bright rim along it.

    `window` is the one that gray pictures were read with; None for true HU. Pixels are square and have `pixel_mm`.
    """
    if window is not None:
        hu = with_usual_brain(hu, window)
    return without_rim(with_bone(hu, pixel_mm), pixel_mm)
