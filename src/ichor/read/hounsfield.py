"""Whether the values of a volume can be the Hounsfield units (HU) of a head CT, and which others can be corrected to
HU.

Volume formats state no modality, and headers lose their intercept, so an MR or a CT in another unit looks the same
from outside. The scale distinguishes them: HU are fixed by air (-1000) and water (0), so brain lies between 0 and 80
and almost nothing between fat (-100) and air. This holds even for heads that were cropped, padded, clipped or
skull-stripped.

Values are corrected only if there is a single possible explanation (`wrapped`, `lost_offset`); each reader reports it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = -4096, 32767  # padding goes down to -4000; metal in the extended range far up
AIR_HU = -900  # at or below: air or padding
AIR_ENOUGH = 0.005  # fraction of the voxels
OFFSETS = (1024, 1000)  # added by scanners and programs so that HU are not negative
PEAK_HU = (28, 44)  # the mode of brain; with the other offset, neither brain nor water lies here
SMOOTHED_HU = 5  # width of smoothing, since some scales leave gaps
BRAIN_OF_SOFT = 0.5  # fraction at 0 to 80 HU of everything from fat to bone (-200 to 400 HU)
STRIPPED_HU, STRIPPED = (1, 150), 0.995  # a skull-stripped brain, and the fraction of it in that range
ALIKE = 0.7  # fraction of equal neighbors: below 0.2 in noisy images, 0.5 in upsampled ones
MIN_SOFT_TISSUE = 0.007


def why_not_hu(values: NDArray[np.generic], *, in_bytes: bool = False) -> str | None:
    """Why finite `values` (any shape) cannot be the HU of a head, as "expected ..., found ..."; None if they can be.

    `in_bytes` states whether they were stored as one byte each.
    """
    low, high = float(values.min()), float(values.max())
    found = f"found {low:g} to {high:g}"
    if low < LOWEST or high > HIGHEST:
        return f"expected HU between {LOWEST} and {HIGHEST}, {found}"
    if low == high:
        return f"expected HU of a head, found {low:g} in every voxel"
    histogram = _Histogram(values)
    if histogram.part(LOWEST, AIR_HU) >= AIR_ENOUGH:
        return _why_not_with_air(histogram, found)
    if low < 0:
        return _why_not_cropped(histogram, found)
    return _why_not_stripped(histogram, found, in_bytes) or _why_labels(values, histogram.background)


def wrapped(values: NDArray[Any]) -> NDArray[np.int16] | None:
    """Unsigned 16-bit values as signed ones, if negative values had wrapped around to the top of the range; otherwise
    None.

    -1000 becomes 64536. No CT has values there, or between.
    """
    if values.dtype.kind != "u" or values.dtype.itemsize != 2 or values.max() < 2**16 + LOWEST:
        return None
    signed = values.astype(np.uint16).view(np.int16)
    return signed if signed.min() >= LOWEST and why_not_hu(signed) is None else None


def lost_offset(values: NDArray[Any]) -> int | None:
    """The offset, 1024 or 1000, that was added to HU and never subtracted; None if that is not certain.

    It is certain if subtracting it gives a head with air around it and most of its soft tissue at 0 to 80 HU, with the
    peak of the brain where only one of the two offsets can put it.
    """
    if values.min() < 0 or values.max() > HIGHEST or values.min() == values.max():
        return None
    counts = np.bincount(np.rint(values).astype(np.int32).ravel(), minlength=2048)
    counts = np.convolve(counts, np.ones(SMOOTHED_HU, np.int64), mode="same")
    for offset in OFFSETS:
        soft = counts[offset - 200 : offset + 401]
        peak = int(soft.argmax()) - 200
        brain = counts[offset : offset + 81].sum() / max(soft.sum(), 1)
        air = counts[: offset + AIR_HU + 1].sum() / counts.sum()
        if PEAK_HU[0] <= peak <= PEAK_HU[1] and brain >= BRAIN_OF_SOFT and air >= AIR_ENOUGH:
            return offset if why_not_hu(values - np.int32(offset)) is None else None
    return None


def why_not_hu_of_ct(values: NDArray[np.generic], *, in_bytes: bool = False) -> str | None:
    """The same for values that a header declares to be CT: if they include air, the object may be other than a head.

    In a plastic phantom 1 % of the voxels have HU of brain; fewer do if HU are shifted by 500 or 1000.
    """
    histogram = _Histogram(values)
    if histogram.part(LOWEST, AIR_HU) < AIR_ENOUGH:
        return why_not_hu(values, in_bytes=in_bytes)
    soft = histogram.part(0, 80)
    if soft >= MIN_SOFT_TISSUE:
        return None
    low, high = float(values.min()), float(values.max())
    return f"expected soft tissue or water, 0 to 80 HU, found {soft:.1%} of the voxels there ({low:g} to {high:g})"


class _Histogram:
    """Voxels counted by whole HU. `tissue` excludes a constant background, if there is one."""

    def __init__(self, values: NDArray[np.generic]) -> None:
        whole = np.rint(values).astype(np.int32).ravel()
        self.counts = np.bincount(whole - LOWEST, minlength=HIGHEST - LOWEST + 1)
        self.tissue = self.counts.copy()
        self.background: int | None = None
        commonest = int(self.counts.argmax())
        if self.counts[commonest] > self.counts.sum() / 5:
            self.background = commonest + LOWEST
            self.tissue[commonest] = 0

    def part(self, low: int, high: int, *, of_tissue: bool = False) -> float:
        """The fraction of voxels from `low` to `high` HU, both included."""
        counts = self.tissue if of_tissue else self.counts
        return float(counts[low - LOWEST : high - LOWEST + 1].sum() / max(counts.sum(), 1))

    def tissue_quartiles(self) -> tuple[int, int, int]:
        """The quartiles of the tissue, in HU."""
        below = self.tissue.cumsum()
        first, middle, third = np.searchsorted(below, below[-1] * np.array([0.25, 0.5, 0.75])) + LOWEST
        return int(first), int(middle), int(third)


def _why_not_with_air(histogram: _Histogram, found: str) -> str | None:
    """For values that include air. The phase of an MR also goes below -900, but fills the range evenly."""
    soft = histogram.part(0, 80)
    between = histogram.part(-800, -250)
    if soft < 0.01:
        return f"expected brain, 0 to 80 HU, found {soft:.1%} of the voxels there ({found[6:]})"
    if soft / 81 < 2 * between / 551:
        return (
            f"expected brain at 0 to 80 HU and few values between air and fat, {found} without such a gap: "
            "not a head CT in HU"
        )
    return None


def _why_not_cropped(histogram: _Histogram, found: str) -> str | None:
    """Without air but with values below 0: a cropped head, or HU clipped from below. Most must be brain."""
    first, middle, third = histogram.tissue_quartiles()
    if histogram.part(0, 80, of_tissue=True) >= 0.4 and 5 <= middle <= 80 and third - first <= 80:
        return None
    return (
        f"expected HU, with air near -1000 or mostly brain at 0 to 80, {found}, half of it below {middle}: "
        "MR, or CT in another unit"
    )


def _why_not_stripped(histogram: _Histogram, found: str, in_bytes: bool) -> str | None:
    """Without values below 0: can be HU only if it is a brain on a background of 0, clipped; brain is narrow (10 to 60
           HU).

    One byte cannot hold HU: such values are an MR, an atlas, a mask or a picture, even if they are in range.
    """
    first, middle, third = histogram.tissue_quartiles()
    if (
        not in_bytes
        and histogram.background == 0
        and histogram.part(*STRIPPED_HU, of_tissue=True) >= STRIPPED
        and 10 <= middle <= 60
        and third - first <= 30
    ):
        return None
    guess = "MR, an atlas, a mask, or CT in another unit (Cormack units, gray values, or HU with 1000 or 1024 added)"
    stored = " stored as bytes" if in_bytes else ""
    return f"expected HU, where air is -1000, {found}{stored}, none below 0: {guess}"


def _why_labels(values: NDArray[np.generic], background: int | None) -> str | None:
    """Large areas of one value are labels of an atlas, whose values may be in the range of brain."""
    one, next_to_it = values[..., 1:], values[..., :-1]
    tissue = (one != background) & (next_to_it != background)
    alike = float(np.mean((one == next_to_it)[tissue])) if tissue.any() else 1.0
    if alike <= ALIKE:
        return None
    return (
        f"expected HU of a head, found {alike:.0%} of the voxels equal to their neighbor: labels of an atlas, or a mask"
    )
