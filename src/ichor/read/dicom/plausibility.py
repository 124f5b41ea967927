"""What in the values of a series speaks against what its headers say of them. It is told; the values stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.read.dicom.header import Slice
from ichor.read.hounsfield import why_not_hu_of_ct

SMOOTHER = 0.8  # of the differences between neighbours, where the sign is taken the other way
SAMPLED_PIXELS = 128  # of each row and column, to know the values by
AIR_BELOW_HU, TISSUE_ABOVE_HU = -500, -200
ALIKE_HU = 100.0  # slices next to each other, at the median of their air and of their tissue
MIN_PIXELS = 50
COARSEST_HU = 8.0


def has_wrong_sign(values: NDArray[Any], one: Slice) -> bool:
    """Whether stored values (rows, columns) make the smoother image where their sign is not what the header says.

    Values that wrap around the end of their range leave jumps of the whole range between neighbours.
    """
    low = values.astype(np.int64) & ((1 << one.bits_stored) - 1)
    half = 1 << (one.bits_stored - 1)
    other = low if one.signed else (low ^ half) - half
    return _roughness(other) < SMOOTHER * _roughness(values.astype(np.int64))


def _roughness(values: NDArray[np.int64]) -> float:
    return float(np.abs(np.diff(values, axis=0)).sum() + np.abs(np.diff(values, axis=1)).sum())


def notes_on_scale(slices: Sequence[Slice], hu: Sequence[NDArray[Any]]) -> list[str]:
    """What is odd about the rescale of the slices, whose HU (rows, columns) are given, and about the HU themselves."""
    notes = []
    if negative := sum(one.rescale is not None and one.rescale[0] < 0 for one in slices):
        notes.append(f"Rescale Slope is negative in {negative} of {len(slices)} slices: brighter was stored lower.")
    if odd := _of_other_scale(slices, hu):
        notes.append(
            f"Rescale Slope and Intercept differ from the other slices' in {', '.join(map(str, odd))}, and so do air "
            "and tissue: HU there may be wrong."
        )
    coarse = [one for one in slices if one.rescale is not None and abs(one.rescale[0]) > COARSEST_HU]
    if coarse and coarse[0].rescale is not None:
        notes.append(
            f"Values come in steps of {abs(coarse[0].rescale[0]):g} HU in {len(coarse)} of {len(slices)} slices: blood "
            "differs from brain by little more."
        )
    return notes


def every_few_pixels(hu: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """(n, rows, columns) so much of all slices that their values are known by it."""
    step = max(1, min(hu[0].shape) // SAMPLED_PIXELS)
    return np.stack([one[::step, ::step] for one in hu])


def why_not_ct(hu: Sequence[NDArray[Any]], *, in_bytes: bool) -> str | None:
    """Why the values of all slices together cannot be HU; None where they can. `in_bytes` as in `why_not_hu`."""
    return why_not_hu_of_ct(every_few_pixels(hu), in_bytes=in_bytes)


def _of_other_scale(slices: Sequence[Slice], hu: Sequence[NDArray[Any]]) -> list[int]:
    """The numbers, from 1, of slices with another rescale than most, that do not continue their neighbours."""
    usual, _ = Counter(one.rescale for one in slices).most_common(1)[0]
    of_usual = [k for k, one in enumerate(slices) if one.rescale == usual]
    odd = []
    for k, one in enumerate(slices):
        if one.rescale != usual:
            nearest = min(of_usual, key=lambda other, k=k: abs(other - k))  # type: ignore[misc]
            if not _continues(hu[k], hu[nearest]):
                odd.append(k + 1)
    return odd


def _continues(hu: NDArray[Any], neighbour: NDArray[Any]) -> bool:
    """Whether what is air, and what is tissue, in the one is about the same in the other."""
    for part in (neighbour < AIR_BELOW_HU, neighbour > TISSUE_ABOVE_HU):
        if part.sum() >= MIN_PIXELS and abs(float(np.median(hu[part]) - np.median(neighbour[part]))) > ALIKE_HU:
            return False
    return True
