"""How noisy a series is, for which a few of its slices are decoded."""

from __future__ import annotations

from collections.abc import Sequence

from ichor import noise
from ichor.read.dicom.header import Slice
from ichor.read.dicom.pixels import UndecodableError, hu_of, stored_images


def noise_hu(slices: Sequence[Slice]) -> float | None:
    """The noise of a series, as `ichor.noise` has it, on three slices about the middle."""
    n = len(slices)
    return noise.noise_hu(
        (hu_of(stored, one), one.thickness_mm)
        for one, stored in stored_images([slices[n * k // 8] for k in (3, 4, 5)])
        if not isinstance(stored, UndecodableError)
    )
