"""What is kept of a subject's out-of-fold prediction: with the dataset, every figure follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.evaluate.overlap import Overlaps

# The voxel thresholds of the paper's Table 6.
TABLE_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, eq=False)
class Prediction:
    """One subject's prediction by a method that never saw the subject; n slices on the scan's own grid.

    Attributes:
        subject: the dataset's number.
        fold: the fold whose test block the subject lies in, from 1.
        mask: (n, rows, columns) bool, what the method marks as hemorrhage; None from a detector, and from a result that
            keeps no masks.
        slice_probability: (n,) in 0..1.
        scan_probability: in 0..1.
        threshold: the voxel probability from which on a slice of `mask` is marked, fixed or chosen on subjects that
            the fold's networks did not see; None from a detector.
        areas: for each threshold of Table 6, (n,) pixels of the mask at it, after the method's postprocessing; empty
            from a detector.
        subtype_probability: (n, 5) in the order of `Subtype`; None from a method that tells no subtypes.
        overlaps: pixels of the mask and the delineation, from a result that keeps them instead of masks.

    Raises ValueError if a mask, or its pixels, come without a threshold, or a threshold without either.
    """

    subject: str
    fold: int
    mask: NDArray[np.bool_] | None
    slice_probability: NDArray[np.float64]
    scan_probability: float
    threshold: float | None
    areas: Mapping[float, NDArray[np.int64]]
    subtype_probability: NDArray[np.float64] | None = None
    overlaps: Overlaps | None = None

    def __post_init__(self) -> None:
        if (self.threshold is None) != (self.mask is None and self.overlaps is None):
            raise ValueError(f"expected a mask and its threshold of {self.subject}, or neither, found one of them")

    def overlaps_with(self, reference: NDArray[np.bool_]) -> Overlaps | None:
        """The pixels of the mask and of its reference (n, rows, columns); None from a detector."""
        return self.overlaps if self.mask is None else Overlaps.of(self.mask, reference)

    def outline(self) -> NDArray[np.bool_]:
        """The mask. Raises BadConfig if there is none."""
        if self.mask is None:
            raise BadConfig(f"expected the mask of {self.subject}, found a prediction without one")
        return self.mask
