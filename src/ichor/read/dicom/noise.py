"""How noisy a series is, pixel by pixel: what tells a sharp kernel from a soft one where its name does not.

A sharp kernel lets fine noise through that a soft one takes away, whatever the dose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ichor.read.dicom.bits import UndecodableError
from ichor.read.dicom.header import Slice
from ichor.read.dicom.pixels import hu_of, stored_images

TISSUE_HU = (-20.0, 100.0)  # where the mean around a pixel is brain, so that no edge of bone or air is near
EDGE_HU = 700.0  # between a pixel's neighbours: of bone or air, where no noise of a kernel reaches
FEWEST_PIXELS, MOST_PIXELS = 200, 160  # of brain in all; of each row and column
USUAL_MM = 5.0  # thinner slices are noisier, by the square root
Item = TypeVar("Item")
SHARP_HU = 12.0  # soft kernels leave 1 to 6, those for bone 15 and more


def noise_hu(slices: Sequence[Slice]) -> float | None:
    """The noise of a series, HU of slices 5 mm thick; None where too little brain is in it.

    It is what a pixel differs from its four neighbours, about the middle of three slices about the middle.
    """
    read = (
        (one, np.asarray(hu_of(stored, one)))
        for one, stored in stored_images(middle_three(slices))
        if not isinstance(stored, UndecodableError)
    )
    return noise_of(read)


def middle_three(slices: Sequence[Item]) -> list[Item]:
    """Three of them, about the middle."""
    return [slices[len(slices) * k // 8] for k in (3, 4, 5)]


def noise_of(images: Iterable[tuple[Slice, NDArray[Any]]]) -> float | None:
    """The same of slices whose HU (rows, columns) are known."""
    found = []
    for one, hu in images:
        noise = _of_slice(_middle_of(hu))
        if noise is not None:
            found.append(noise * np.sqrt(min(one.thickness_mm or USUAL_MM, USUAL_MM) / USUAL_MM))
    return float(np.median(found)) if found else None


def _middle_of(hu: NDArray[Any]) -> NDArray[np.float32]:
    rows, columns = (slice(max(0, (n - MOST_PIXELS) // 2), (n + MOST_PIXELS) // 2) for n in hu.shape)
    return np.asarray(hu[rows, columns], np.float32)


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
