"""The slices with delineated hemorrhage, and how well the mask covers them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from ichor.dataset.base import Dataset
from ichor.evaluate.overlap import Overlaps
from ichor.read.ct_ich_jpg import PIXEL_MM
from ichor.runs.predictions import read_predictions
from ichor.subtypes import Subtype
from studies.label_ceiling.readers import contrast_hu

_WITHIN_SLICE = np.pad(np.ones((1, 3, 3)), ((1, 1), (0, 0), (0, 0)))  # connects pixels within a slice only


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice with hemorrhage, and the overlap of its mask.

    Attributes:
        subject: the subject.
        area_mm2: the area of the delineation.
        contrast_hu: how much brighter the delineated region is than the brain around it; NaN if not measurable.
        subtypes: the subtypes on the slice.
        dice: the Dice of the mask.
        dice_without_false: the same without regions of the mask that do not touch the delineation.
    """

    subject: str
    area_mm2: float
    contrast_hu: float
    subtypes: tuple[str, ...]
    dice: float
    dice_without_false: float

    @property
    def missed(self) -> bool:
        """Whether the mask and the delineation have no pixel in common."""
        return self.dice == 0


def slices_in(result: Path, dataset: Dataset) -> list[Slice]:
    """The slices with delineated hemorrhage. Raises BadConfig if the folder contains no predictions."""
    slices = []
    predictions = read_predictions(result, dataset)
    for case in dataset.cases([subject for subject in predictions if subject not in dataset.excluded_from_overlap]):
        mask = predictions.of(case).outline()
        regions, _ = ndimage.label(mask, _WITHIN_SLICE)
        true = mask & np.isin(regions, np.unique(regions[case.mask & mask]))
        dice, dice_without_false = (Overlaps.of(one, case.mask).dice for one in (mask, true))
        for k in np.flatnonzero(case.mask.any(axis=(1, 2))):
            slices.append(
                Slice(
                    case.subject,
                    float(case.mask[k].sum() * PIXEL_MM**2),
                    contrast_hu(case.mask[k], case.scan.hu[k]),
                    tuple(s.value for s, there in zip(Subtype, case.labels[k], strict=True) if there),
                    float(dice[k]),
                    float(dice_without_false[k]),
                )
            )
    return slices
