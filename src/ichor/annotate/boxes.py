"""The bounding box of all regions, so that nothing is calculated on the empty rest of a scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def drawn_box(maps: Sequence[NDArray[np.generic]]) -> tuple[slice, ...]:
    """The smallest box that holds all that is not 0 in maps of one shape, a slice for each axis; empty where all is."""
    box: tuple[slice, ...] = ()
    for axis in range(maps[0].ndim):
        others = tuple(one for one in range(maps[0].ndim) if one != axis)
        drawn = np.flatnonzero(np.any([one[box].any(axis=others) for one in maps], axis=0))
        box += (slice(int(drawn[0]), int(drawn[-1]) + 1) if drawn.size else slice(0),)
    return box
