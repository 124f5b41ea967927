"""Signs in the values of a series that contradict its headers. They are reported; the values are not changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.read.dicom.header import Slice
from ichor.read.hounsfield import why_not_hu_of_ct

SMOOTHER = 0.8  # ratio of the differences between neighbors with the other sign
SAMPLED_PIXELS = 128  # of each row and column
AIR_BELOW_HU, TISSUE_ABOVE_HU = -500, -200
ALIKE_HU = 100.0  # largest difference between neighboring slices in median air and median tissue
MIN_PIXELS = 50
COARSEST_HU = 8.0


def has_wrong_sign(values: NDArray[Any], one: Slice) -> bool:
    """Whether stored values (rows, columns) make a smoother image with the other sign than the header states.

    Values that wrap around the end of their range jump by the whole range between neighbors.
    """
    low = values.astype(np.int64) & ((1 << one.bits_stored) - 1)
    half = 1 << (one.bits_stored - 1)
    other = low if one.signed else (low ^ half) - half
    return _roughness(other) < SMOOTHER * _roughness(values.astype(np.int64))


def _roughness(values: NDArray[np.int64]) -> float:
    return float(np.abs(np.diff(values, axis=0)).sum() + np.abs(np.diff(values, axis=1)).sum())


def notes_on_scale(slices: Sequence[Slice], hu: Sequence[NDArray[Any]]) -> list[str]:
    """Warnings about the rescale of the slices, whose HU (rows, columns) are given, and about the HU themselves."""
    notes = []
    if negative := sum(one.rescale is not None and one.rescale[0] < 0 for one in slices):
        notes.append(
            f"Rescale Slope is negative in {negative} of {len(slices)} slices: brighter pixels have lower stored "
            "values."
        )
    if suspicious := _slices_with_wrong_scale(slices, hu):
        notes.append(
            f"Rescale Slope and Intercept of slices {', '.join(map(str, suspicious))} differ from the others', and so "
            "do air and tissue: their HU may be wrong."
        )
    coarse = [one for one in slices if one.rescale is not None and abs(one.rescale[0]) > COARSEST_HU]
    if coarse and coarse[0].rescale is not None:
        notes.append(
            f"Values have steps of {abs(coarse[0].rescale[0]):g} HU in {len(coarse)} of {len(slices)} slices: blood "
            "differs from brain by hardly more."
        )
    return notes


def every_few_pixels(hu: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """(n, rows, columns), a sample of the pixels of all slices that represents their values."""
    step = max(1, min(hu[0].shape) // SAMPLED_PIXELS)
    return np.stack([one[::step, ::step] for one in hu])


def why_not_ct(hu: Sequence[NDArray[Any]], *, in_bytes: bool) -> str | None:
    """Why the values of all slices together cannot be HU; None if they can. `in_bytes` as in `why_not_hu`."""
    return why_not_hu_of_ct(every_few_pixels(hu), in_bytes=in_bytes)


def _slices_with_wrong_scale(slices: Sequence[Slice], hu: Sequence[NDArray[Any]]) -> list[int]:
    """The numbers, from 1, of slices with an unusual rescale whose HU differ from those of their neighbors."""
    usual, _ = Counter(one.rescale for one in slices).most_common(1)[0]
    of_usual = [k for k, one in enumerate(slices) if one.rescale == usual]
    suspicious = []
    for k, one in enumerate(slices):
        if one.rescale != usual:
            nearest = min(of_usual, key=lambda other, k=k: abs(other - k))  # type: ignore[misc]
            if not _continues(hu[k], hu[nearest]):
                suspicious.append(k + 1)
    return suspicious


def _continues(hu: NDArray[Any], neighbour: NDArray[Any]) -> bool:
    """Whether air and tissue have similar HU in two neighboring slices."""
    for part in (neighbour < AIR_BELOW_HU, neighbour > TISSUE_ABOVE_HU):
        if part.sum() >= MIN_PIXELS and abs(float(np.median(hu[part]) - np.median(neighbour[part]))) > ALIKE_HU:
            return False
    return True
