"""Whether the values of a volume can be the Hounsfield units (HU) of a head CT.

A NIfTI file names no modality, so an MR or a CT in another unit looks the same from outside. What tells them
apart is the scale: HU are fixed by air (-1000) and water (0), hence brain lies at 0 to 80 and almost nothing
between fat (-100) and air. Heads that were cropped, padded, clipped or stripped of the skull keep enough.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = -4096, 32767  # paddings go down to -4000; metal in the extended range goes far up
AIR_HU = -900  # at or below: air, or what a file is padded with
AIR_ENOUGH = 0.005  # part of the voxels


def why_not_hu(values: NDArray[np.generic]) -> str | None:
    """What speaks against finite `values` (any shape) being HU of a head; None if nothing does.

    The answer reads "expected ..., found ...".
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
    return _why_not_stripped(histogram, found)


class _Histogram:
    """Voxels counted at each whole HU. `tissue` leaves out one constant background, where there is one."""

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
        """The part of the voxels that lie from `low` to `high` HU, both included."""
        counts = self.tissue if of_tissue else self.counts
        return float(counts[low - LOWEST : high - LOWEST + 1].sum() / max(counts.sum(), 1))

    def tissue_quartiles(self) -> tuple[int, int, int]:
        """HU below which a quarter, half and three quarters of the tissue lie."""
        below = self.tissue.cumsum()
        first, middle, third = np.searchsorted(below, below[-1] * np.array([0.25, 0.5, 0.75])) + LOWEST
        return int(first), int(middle), int(third)


def _why_not_with_air(histogram: _Histogram, found: str) -> str | None:
    """Air is there. The phase of an MR also reaches below -900, but fills the range evenly."""
    soft = histogram.part(0, 80)
    between = histogram.part(-800, -250)
    if soft < 0.01:
        return f"expected brain, 0 to 80 HU, found {soft:.1%} of the voxels there ({found[6:]})"
    if soft / 81 < 2 * between / 551:
        return (
            f"expected brain at 0 to 80 HU and little between air and fat, {found} without such a gap: "
            "not a head CT in HU"
        )
    return None


def _why_not_cropped(histogram: _Histogram, found: str) -> str | None:
    """No air, yet values below 0: a crop of the head, or HU clipped from below. Brain must be most of it."""
    first, middle, third = histogram.tissue_quartiles()
    if histogram.part(0, 80, of_tissue=True) >= 0.4 and 5 <= middle <= 80 and third - first <= 80:
        return None
    return (
        f"expected HU, with air near -1000 or mostly brain at 0 to 80, {found}, half of it below {middle}: "
        "MR, or CT in another unit"
    )


def _why_not_stripped(histogram: _Histogram, found: str) -> str | None:
    """Nothing below 0: only a brain on a background of 0 can be HU, and brain is narrow (10 to 60 HU)."""
    first, middle, third = histogram.tissue_quartiles()
    if (
        histogram.background == 0
        and histogram.part(1, 150, of_tissue=True) >= 0.9
        and 10 <= middle <= 60
        and third - first <= 40
    ):
        return None
    guess = "MR, a mask, or CT in another unit (Cormack units, gray values, or HU with 1000 or 1024 added)"
    return f"expected HU, where air is -1000, {found}, none below 0: {guess}"
