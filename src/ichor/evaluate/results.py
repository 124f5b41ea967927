"""One subject's prediction compared with the truth: the small quantities from which every metric follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.dataset.facts import EVERY_LABEL, Label
from ichor.evaluate.lesion_matching import LesionMatch, match_lesions
from ichor.evaluate.overlap import Overlaps
from ichor.evaluate.prediction import Prediction, SingleSlices
from ichor.evaluate.surface import SurfaceAgreement, surface_agreement
from ichor.subtypes import Subtype


@dataclass(frozen=True, eq=False)
class SubjectResult:
    """One subject's prediction compared with the truth; n slices.

    Attributes:
        subject: the subject's name in the dataset.
        fold: the fold whose test block the subject is in, from 1.
        age_years: at the time of the scan; None if unknown.
        labels: (n, 5) bool, the subtypes of each slice; all False where they are unknown.
        positive: (n,) slices with hemorrhage by their labels; all False where that is unknown.
        known_slices: (n,) slices of which it is known.
        has_hemorrhage: whether the scan has hemorrhage by its labels; None if unknown.
        pixels: pixel counts of the predicted mask and the delineation, which is empty where there is none; None from a
            detector.
        threshold: as in `Prediction`.
        areas: for each threshold of Table 6, (n,) pixels of the mask at that threshold, after postprocessing; empty
            from a detector.
        slice_probability: (n,).
        scan_probability: of the whole scan.
        subtype_probability: (n, 5); None from a method that does not predict subtypes.
        volume_ml: of the predicted mask; like the next three, None if the scan's spacing is unknown or there is no
            mask.
        reference_volume_ml: of the delineation.
        surface: how well the two surfaces agree; also None if the mask is not kept.
        lesions: which lesions were found, and which predicted ones are false; also None if the mask is not kept.
        excluded_from_overlap: why the dataset excludes the subject from all overlap metrics; empty if it counts.
        known: the kinds of labels that the subject has.
        single_slices: as in `Prediction`.
    """

    subject: str
    fold: int
    age_years: float | None
    labels: NDArray[np.bool_]
    positive: NDArray[np.bool_]
    known_slices: NDArray[np.bool_]
    has_hemorrhage: bool | None
    pixels: Overlaps | None
    threshold: float | None
    areas: Mapping[float, NDArray[np.int64]]
    slice_probability: NDArray[np.float64]
    scan_probability: float
    subtype_probability: NDArray[np.float64] | None
    volume_ml: float | None
    reference_volume_ml: float | None
    surface: SurfaceAgreement | None
    lesions: LesionMatch | None
    excluded_from_overlap: str = ""
    known: frozenset[Label] = EVERY_LABEL
    single_slices: SingleSlices | None = None

    @property
    def called(self) -> NDArray[np.bool_] | None:
        """(n,) slices with any marked pixel; of a detector, those from its threshold on; None if that is unknown."""
        if self.pixels is not None:
            return np.asarray(self.pixels.predicted > 0)
        return None if self.threshold is None else np.asarray(self.slice_probability >= self.threshold)

    @property
    def overlaps(self) -> Overlaps:
        """The pixel counts of mask and delineation. Raises ValueError if the prediction is a detector's."""
        if self.pixels is None:
            raise ValueError(f"expected the pixels of a mask of {self.subject}, found a detector's prediction")
        return self.pixels

    @property
    def counts_in_overlap(self) -> bool:
        """Whether its Dice is reported: hemorrhage is delineated, and the dataset does not exclude the subject."""
        return self.pixels is not None and bool(self.pixels.positive.any()) and not self.excluded_from_overlap


def result_of(case: Case, prediction: Prediction, *, age_years: float | None, surfaces: bool = True) -> SubjectResult:
    """Compare a prediction with a case on the same grid.

    Comparing `surfaces` takes longer than everything else. Raises ValueError if they differ in subject or grid.
    """
    if prediction.subject != case.subject:
        raise ValueError(f"expected a prediction of subject {case.subject}, found one of {prediction.subject}")
    pixels, mask = prediction.overlaps_with(case.mask_or_empty), prediction.mask
    delineated = case.delineation is not None
    n, known = case.scan.n_slices, case.known
    return SubjectResult(
        subject=case.subject,
        fold=prediction.fold,
        age_years=age_years,
        labels=case.labels if Label.SLICE_SUBTYPES in known else np.zeros((n, len(Subtype)), bool),
        positive=case.positive if Label.SLICES in known else np.zeros(n, bool),
        known_slices=case.known_slices,
        has_hemorrhage=case.has_hemorrhage,
        pixels=pixels,
        threshold=prediction.threshold,
        areas=prediction.areas,
        slice_probability=prediction.slice_probability,
        scan_probability=prediction.scan_probability,
        subtype_probability=prediction.subtype_probability,
        volume_ml=None if pixels is None else case.scan.volume_ml(pixels.predicted),
        reference_volume_ml=None if pixels is None or not delineated else case.scan.volume_ml(pixels.reference),
        surface=surface_agreement(mask, case.mask, case.scan) if surfaces and mask is not None and delineated else None,
        lesions=None if mask is None or not delineated else match_lesions(mask, case.mask, case.scan),
        excluded_from_overlap=case.excluded_from_overlap,
        known=known,
        single_slices=prediction.single_slices,
    )
