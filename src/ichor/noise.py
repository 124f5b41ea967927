"""How noisy a slice is, pixel by pixel: what tells a sharp kernel from a soft one where its name does not.

A sharp kernel lets fine noise through that a soft one takes away, whatever the dose.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TISSUE_HU = (-20.0, 100.0)  # where the mean around a pixel is brain, so that no edge of bone or air is near
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
        noise = _of_slice(np.asarray(hu, np.float64))
        if noise is not None:
            found.append(noise * np.sqrt(min(thickness_mm or USUAL_MM, USUAL_MM) / USUAL_MM))
    return float(np.median(found)) if found else None


def _of_slice(hu: NDArray[np.float64]) -> float | None:
    if min(hu.shape) < 3:
        return None
    centre = hu[1:-1, 1:-1]
    around = np.stack([hu[:-2, 1:-1], hu[2:, 1:-1], hu[1:-1, :-2], hu[1:-1, 2:]])
    mean = around.mean(axis=0)
    low, high = TISSUE_HU
    tissue = (mean >= low) & (mean <= high) & (np.ptp(around, axis=0) <= 6 * (high - low))
    if np.count_nonzero(tissue) < FEWEST_PIXELS:
        return None
    differences = (centre - mean)[tissue] * np.sqrt(0.8)  # a pixel less the mean of four varies 1.25 times as much
    return float(1.4826 * np.median(np.abs(differences - np.median(differences))))
