"""What is kept of a subject's out-of-fold prediction: with the dataset, every figure follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The voxel thresholds of the paper's Table 6.
TABLE_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, eq=False)
class Prediction:
    """One subject's prediction by a method that never saw the subject; n slices on the scan's own grid.

    Attributes:
        subject: the dataset's number.
        fold: the fold whose test block the subject lies in, from 1.
        mask: (n, rows, columns) bool, what the method marks as hemorrhage.
        slice_probability: (n,) in 0..1.
        scan_probability: in 0..1.
        threshold: the voxel probability from which on a slice of `mask` is marked, fixed or chosen on subjects that
            the fold's networks did not see.
        areas: for each threshold of Table 6, (n,) pixels of the mask at it, after the method's postprocessing.
        subtype_probability: (n, 5) in the order of `Subtype`; None from a method that tells no subtypes.
    """

    subject: str
    fold: int
    mask: NDArray[np.bool_]
    slice_probability: NDArray[np.float64]
    scan_probability: float
    threshold: float
    areas: Mapping[float, NDArray[np.int64]]
    subtype_probability: NDArray[np.float64] | None = None
