"""The window of pictures that are too dark for the one that they were read with.

A picture does not say which HU its gray values stand for. If brain is far too dark, the window was wider: it is assumed
to begin at 0 HU, with the width at which brain is as bright as usual. Narrow windows cannot be told from one another in
this way, since all are centered on brain. Wide ventricles can fill half of the skull with fluid, which is that dark in
any window, so three quarters of its inside have to be dark.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.skull import bone_of, inside
from ichor.windows import GrayWindow

BRAIN_HU = 33.0  # the median within the skull
DARK_HU = 10.0  # a lower median is none of brain
BRIGHTER = 75  # the percentile that brain reaches beside wide ventricles; hemorrhage rarely is a quarter of the inside
BRIGHTER_HU = 15.0  # a higher one is of brain
BLACK = 0.05  # of the window; darker pixels are not counted, and a darker picture is left as it is


def with_usual_brain(hu: NDArray[np.float32], window: GrayWindow) -> NDArray[np.float32]:
    """The slices `hu` (n, rows, columns), read with `window`, with brain as bright as usual; `hu` itself if it is."""
    gray = (hu - np.float32(window.lowest_hu)) / np.float32(window.width)
    brain = gray[inside(bone_of(hu)) & (gray > BLACK)]
    middle = float(np.median(brain)) if brain.size else 0.0
    if middle <= BLACK or middle * window.width + window.lowest_hu >= DARK_HU:
        return hu
    if np.percentile(brain, BRIGHTER) * window.width + window.lowest_hu >= BRIGHTER_HU:
        return hu
    return np.asarray(np.clip(gray, 0, 1) * np.float32(BRAIN_HU / middle), np.float32)
