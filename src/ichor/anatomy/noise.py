"""How noisy a slice is, pixel by pixel: what tells a sharp kernel from a soft one where its name does not.

A sharp kernel lets fine noise through that a soft one takes away, whatever the dose.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TISSUE_HU = (-20.0, 100.0)  # where the mean around a pixel is brain, so that no edge of bone or air is near
EDGE_HU = 700.0  # between a pixel's neighbours: of bone or air, where no noise of a kernel reaches
FEWEST_PIXELS = 200
USUAL_MM = 5.0  # thinner slices are noisier, by the square root
SHARP_HU = 12.0  # soft kernels leave 1 to 6, those for bone 15 and more


def noise_hu(slices: Iterable[tuple[NDArray[Any], float | None]]) -> float | None:
    """The noise of the median slice, HU of slices 5 mm thick; None where none of them shows enough brain.

    Each slice is its HU (rows, columns), at all pixels of an area, and its thickness in mm. Noise is what a pixel
    differs from its four neighbours.
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
    if differences.size < FEWEST_PIXELS:
        return None
    scale = 1.4826 * np.sqrt(0.8)  # of the median to the deviation; a pixel less the mean of four varies 1.25 times
    return float(scale * np.median(np.abs(differences - np.median(differences))))
