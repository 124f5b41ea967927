"""One subject's prediction held against its truth: the small sums that every figure follows from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.evaluate.lesions import LesionMatch, match_lesions
from ichor.evaluate.overlap import Overlaps
from ichor.evaluate.prediction import Prediction
from ichor.evaluate.surface import SurfaceAgreement, surface_agreement


@dataclass(frozen=True, eq=False)
class SubjectResult:
    """One subject's prediction beside its truth; n slices.

    Attributes:
        subject: the dataset's number.
        fold: the fold whose test block it lies in, from 1.
        age_years: at the scan; None if it is not known.
        labels: (n, 5) bool, the subtypes of each slice.
        pixels: those of the predicted mask and the delineation; None from a detector.
        areas: for each threshold of Table 6, (n,) pixels of the mask at it, after the method's post-processing; empty
            from a detector.
        slice_probability: (n,).
        scan_probability: of the whole scan.
        subtype_probability: (n, 5); None from a method that tells no subtypes.
        volume_ml: of the predicted mask; None if the scan has no known spacing or there is no mask, as are the next
            three.
        reference_volume_ml: of the delineation.
        surface: how far apart the two surfaces are; None also where the mask is not kept.
        lesions: which lesions were found, and which of the predicted ones are none; None also where it is not kept.
        excluded_from_overlap: why the dataset excludes the subject from all figures of overlap; empty where it counts.
    """

    subject: str
    fold: int
    age_years: float | None
    labels: NDArray[np.bool_]
    pixels: Overlaps | None
    areas: Mapping[float, NDArray[np.int64]]
    slice_probability: NDArray[np.float64]
    scan_probability: float
    subtype_probability: NDArray[np.float64] | None
    volume_ml: float | None
    reference_volume_ml: float | None
    surface: SurfaceAgreement | None
    lesions: LesionMatch | None
    excluded_from_overlap: str = ""

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(n,) slices with hemorrhage by their labels."""
        return np.asarray(self.labels.any(axis=1))

    @property
    def has_hemorrhage(self) -> bool:
        """Whether any slice has."""
        return bool(self.labels.any())

    @property
    def overlaps(self) -> Overlaps:
        """The pixels of mask and delineation. Raises ValueError if a detector made the prediction."""
        if self.pixels is None:
            raise ValueError(f"expected the pixels of a mask of {self.subject}, found a detector's prediction")
        return self.pixels

    @property
    def counts_in_overlap(self) -> bool:
        """Whether its Dice is reported: any hemorrhage is delineated, and the dataset does not exclude it."""
        return self.pixels is not None and bool(self.pixels.positive.any()) and not self.excluded_from_overlap


def result_of(case: Case, prediction: Prediction, *, age_years: float | None, surfaces: bool = True) -> SubjectResult:
    """The result of a case, from a prediction on the case's own grid.

    Comparing their `surfaces` takes longer than all the rest. Raises ValueError if the two are not of one subject or
    one grid.
    """
    if prediction.subject != case.subject:
        raise ValueError(f"expected a prediction of subject {case.subject}, found one of {prediction.subject}")
    pixels, mask = prediction.overlaps_with(case.mask), prediction.mask
    return SubjectResult(
        subject=case.subject,
        fold=prediction.fold,
        age_years=age_years,
        labels=case.labels,
        pixels=pixels,
        areas=prediction.areas,
        slice_probability=prediction.slice_probability,
        scan_probability=prediction.scan_probability,
        subtype_probability=prediction.subtype_probability,
        volume_ml=None if pixels is None else case.scan.volume_ml(pixels.predicted),
        reference_volume_ml=None if pixels is None else case.scan.volume_ml(pixels.reference),
        surface=surface_agreement(mask, case.mask, case.scan) if surfaces and mask is not None else None,
        lesions=None if mask is None else match_lesions(mask, case.mask, case.scan),
        excluded_from_overlap=case.excluded_from_overlap,
    )
