"""What is kept of a subject's out-of-fold prediction: enough to compute every figure, and small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.evaluate.overlap import Overlaps
from ichor.segmentation import Segmentation

# The voxel thresholds of the paper's Table 6.
TABLE_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


MaskAt = Callable[[NDArray[np.float32], NDArray[np.float64], float], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class SubjectResult:
    """One subject's prediction beside its truth; n slices.

    Attributes:
        subject: the dataset's number.
        fold: the fold whose test block it lies in, from 1.
        age_years: at the scan.
        labels: (n, 5) bool, the subtypes of each slice.
        overlaps: pixel counts of the predicted mask and the delineation.
        areas: for each threshold of Table 6, (n,) pixels of the mask at it, after the method's post-processing.
        slice_probability: (n,).
        scan_probability: of the whole scan.
        threshold: the voxel threshold, chosen on the fold's validation block.
        volume_ml: of the predicted mask; None where the scan has no known spacing.
    """

    subject: str
    fold: int
    age_years: float
    labels: NDArray[np.bool_]
    overlaps: Overlaps
    areas: Mapping[float, NDArray[np.int64]]
    slice_probability: NDArray[np.float64]
    scan_probability: float
    threshold: float
    volume_ml: float | None

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(n,) slices with hemorrhage by their labels."""
        return np.asarray(self.labels.any(axis=1))

    @property
    def has_hemorrhage(self) -> bool:
        """Whether any slice has."""
        return bool(self.labels.any())


def result_of(case: Case, segmentation: Segmentation, mask_at: MaskAt, *, fold: int, age_years: float) -> SubjectResult:
    """The result of a case, from a segmentation on the case's own grid.

    `mask_at` is the method's own: what it would call hemorrhage at another threshold.
    """
    overlaps = Overlaps.of(segmentation.mask, case.mask)
    area_mm2, heights = case.scan.pixel_area_mm2, case.scan.slice_heights_mm
    volume = None
    if area_mm2 is not None and heights is not None:
        volume = float(np.sum(overlaps.predicted * area_mm2 * heights) / 1000)
    return SubjectResult(
        subject=case.subject,
        fold=fold,
        age_years=age_years,
        labels=case.labels,
        overlaps=overlaps,
        areas={
            t: np.sum(mask_at(segmentation.probability, segmentation.slice_probability, t), axis=(1, 2))
            for t in TABLE_THRESHOLDS
        },
        slice_probability=segmentation.slice_probability,
        scan_probability=segmentation.scan_probability,
        threshold=segmentation.made_by.threshold,
        volume_ml=volume,
    )
