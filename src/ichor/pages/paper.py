"""The published results of the paper, as data to compare experiments with.

Hssayeni et al. (2019), Intracranial Hemorrhage Segmentation Using Deep Convolutional Model, arXiv:1910.08643.
Rates are shares in 0..1, as in metrics.json, whereas the paper prints %. The paper gives no intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ichor.subtypes import Subtype

CITATION = (
    "Hssayeni MD, Croock MS, Al-Ani A, Al-khafaji HF, Yahya ZA, Ghoraani B (2019). Intracranial Hemorrhage "
    "Segmentation Using Deep Convolutional Model. arXiv:1910.08643"
)


@dataclass(frozen=True, slots=True)
class Spread:
    """The distribution of a metric over subjects, as in Table 5."""

    min: float
    max: float
    std: float
    average: float


class OperatingPoint(NamedTuple):
    """A row of Table 6: detection of slices at one voxel threshold."""

    threshold: float
    sensitivity: float
    specificity: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class TwoThresholds:
    """The first experiment: the gray bounds chosen by its grid search, and the resulting overlap."""

    lower: int
    upper: int
    jaccard: float
    dice: float


# Section 6, first paragraph.
THRESHOLD = TwoThresholds(lower=140, upper=230, jaccard=0.08, dice=0.135)

# Section 6, after the list of augmentations: "failed to detect any ICH region and resulted in only black masks".
# For an empty mask both overlaps are 0.
FULL_SLICES_JACCARD = 0.0
FULL_SLICES_DICE = 0.0

# Table 5: the U-Net on 160x160 tiles. Minimum, maximum and deviation are over subjects. The text of section 6 and
# Table 6 truncate the average sensitivity to 97.2 %.
TABLE_5: Mapping[str, Spread] = {
    "jaccard": Spread(min=0.00, max=0.528, std=0.163, average=0.218),
    "dice": Spread(min=0.00, max=0.677, std=0.211, average=0.315),
    "sensitivity": Spread(min=0.50, max=1.00, std=0.099, average=0.9728),
    "specificity": Spread(min=0.00, max=1.00, std=0.299, average=0.504),
}

# Table 6: the same network by voxel threshold, slice by slice.
TABLE_6 = (
    OperatingPoint(0.5, sensitivity=0.972, specificity=0.504, accuracy=0.566),
    OperatingPoint(0.6, sensitivity=0.887, specificity=0.622, accuracy=0.659),
    OperatingPoint(0.7, sensitivity=0.776, specificity=0.745, accuracy=0.760),
    OperatingPoint(0.8, sensitivity=0.737, specificity=0.824, accuracy=0.825),
    OperatingPoint(0.9, sensitivity=0.631, specificity=0.886, accuracy=0.870),
)

# Section 6, the paragraph below Table 6: Dice of the subjects who had the subtype.
DICE_BY_SUBTYPE: Mapping[Subtype, float] = {
    Subtype.IVH: 0.30,
    Subtype.IPH: 0.28,
    Subtype.SAH: 0.23,
    Subtype.EDH: 0.35,
    Subtype.SDH: 0.52,
}

# The same paragraph. "No significant difference"; the paper names no test.
DICE_BY_AGE: Mapping[str, float] = {"under_18": 0.321, "18_and_over": 0.309}

# The same paragraph: one had a small IPH on one slice, the other on two.
SUBJECTS_MISSED = 2
