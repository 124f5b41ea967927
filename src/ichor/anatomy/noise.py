"""Pixel noise of a slice, which distinguishes sharp from soft kernels if their names do not.

A sharp kernel keeps fine noise that a soft one removes, whatever the dose.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TISSUE_HU = (-20.0, 100.0)  # if the mean of the neighbors is brain, there is no edge to bone or air
EDGE_HU = 700.0  # between opposite neighbors: an edge to bone or air, beyond any noise
MIN_PIXELS = 200
USUAL_MM = 5.0  # noise grows with the inverse square root of the thickness
SHARP_HU = 12.0  # soft kernels have 1 to 6, bone kernels 15 and more


def noise_hu(slices: Iterable[tuple[NDArray[Any], float | None]]) -> float | None:
    """The noise of the median slice, in HU for slices 5 mm thick; None if none shows enough brain.

    Each slice is given as HU (rows, columns), without subsampling, and its thickness in mm. Noise is the difference
    between a pixel and the mean of its four neighbors.
    """
    found = []
    for hu, thickness_mm in slices:
        noise = _of_slice(np.asarray(hu, np.float32))
        if noise is not None:
            found.append(noise * np.sqrt(min(thickness_mm or USUAL_MM, USUAL_MM) / USUAL_MM))
    return float(np.median(found)) if found else None


def _of_slice(hu: NDArray[np.float32]) -> float | None:
    if min(hu.shape) < 3:
        return None
    up, down, left, right = hu[:-2, 1:-1], hu[2:, 1:-1], hu[1:-1, :-2], hu[1:-1, 2:]
    mean = (up + down + left + right) / 4
    low, high = TISSUE_HU
    tissue = (mean >= low) & (mean <= high) & (np.abs(up - down) <= EDGE_HU) & (np.abs(left - right) <= EDGE_HU)
    differences = (hu[1:-1, 1:-1] - mean)[tissue]
    if differences.size < MIN_PIXELS:
        return None
    scale = 1.4826 * np.sqrt(
        0.8
    )  # MAD to standard deviation; variance of a pixel minus the mean of four is 1.25 times higher
    return float(scale * np.median(np.abs(differences - np.median(differences))))
