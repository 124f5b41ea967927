"""The noise of a series, measured on a few decoded slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy import noise
from ichor.read.dicom.bits import UndecodableError
from ichor.read.dicom.header import Slice
from ichor.read.dicom.pixels import hu_of, stored_images

MAX_PIXELS = 160  # of each row and column
Item = TypeVar("Item")


def noise_hu(slices: Sequence[Slice]) -> float | None:
    """The noise of a series as in `ichor.anatomy.noise`, in the center of three slices near the middle."""
    read = (
        (one, np.asarray(hu_of(stored, one)))
        for one, stored in stored_images(middle_three(slices))
        if not isinstance(stored, UndecodableError)
    )
    return noise_of(read)


def middle_three(slices: Sequence[Item]) -> list[Item]:
    """Three of them near the middle."""
    return [slices[len(slices) * k // 8] for k in (3, 4, 5)]


def noise_of(images: Iterable[tuple[Slice, NDArray[Any]]]) -> float | None:
    """The noise of slices whose HU (rows, columns) are given."""
    return noise.noise_hu((_middle_of(hu), one.thickness_mm) for one, hu in images)


def _middle_of(hu: NDArray[Any]) -> NDArray[Any]:
    rows, columns = (slice(max(0, (n - MAX_PIXELS) // 2), (n + MAX_PIXELS) // 2) for n in hu.shape)
    return hu[rows, columns]
