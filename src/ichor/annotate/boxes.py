"""The bounding box of the regions in label maps, so that no time is spent on the rest of the scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def drawn_box(maps: Sequence[NDArray[np.generic]]) -> tuple[slice, ...]:
    """The smallest box around all nonzero voxels of maps of one shape, a slice for each axis; empty if all are 0."""
    box: tuple[slice, ...] = ()
    for axis in range(maps[0].ndim):
        others = tuple(one for one in range(maps[0].ndim) if one != axis)
        drawn = np.flatnonzero(np.any([one[box].any(axis=others) for one in maps], axis=0))
        box += (slice(int(drawn[0]), int(drawn[-1]) + 1) if drawn.size else slice(0),)
    return box
