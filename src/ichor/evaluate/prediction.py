"""A subject's out-of-fold prediction, from which, with the dataset, every metric follows."""

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
class SingleSlices:
    """What a method says of each of n slices as a scan by itself.

    Attributes:
        probability: (n,) in 0..1, of the scan that consists of the slice.
        marked: (n,) bool, whether any pixel is marked as hemorrhage.
    """

    probability: NDArray[np.float64]
    marked: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Prediction:
    """One subject's prediction by a method that was not trained on the subject; n slices on the scan's own grid.

    Attributes:
        subject: the subject's name in the dataset.
        fold: the fold whose test block the subject is in, from 1.
        mask: (n, rows, columns) bool, the pixels marked as hemorrhage; None from a detector, and from a result that
            keeps no masks.
        slice_probability: (n,) in 0..1.
        scan_probability: in 0..1.
        threshold: the voxel probability at which a slice of `mask` is marked, fixed or chosen on subjects that the
            fold's networks were not trained on; from a detector, the slice probability at which a slice is called
            positive, or None in results written before 0.2.
        areas: for each threshold of Table 6, (n,) pixels of the mask at that threshold, after postprocessing; empty
            from a detector.
        subtype_probability: (n, 5) in the order of `Subtype`; None from a method that does not predict subtypes.
        overlaps: pixel counts of the mask and the delineation, from a result that keeps them instead of masks.
        single_slices: for each slice by itself; None from a method that treats such scans as any other.

    Raises ValueError if a mask or its pixel counts come without a threshold.
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
    single_slices: SingleSlices | None = None

    def __post_init__(self) -> None:
        if self.threshold is None and (self.mask is not None or self.overlaps is not None):
            raise ValueError(f"expected the threshold of the mask of {self.subject}, found none")

    def overlaps_with(self, reference: NDArray[np.bool_]) -> Overlaps | None:
        """The pixel counts of the mask and its reference (n, rows, columns); None from a detector."""
        return self.overlaps if self.mask is None else Overlaps.of(self.mask, reference)

    def outline(self) -> NDArray[np.bool_]:
        """The mask. Raises BadConfig if there is none."""
        if self.mask is None:
            raise BadConfig(f"expected the mask of {self.subject}, found a prediction without one")
        return self.mask
