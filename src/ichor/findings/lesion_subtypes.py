"""The subtype of each lesion, from the method's subtype probabilities of slices.

Methods learn subtypes from labels of whole slices (the dataset has no others), so the position of a subtype on a slice
is unknown. A lesion is assigned the subtype of highest mean probability over its slices, each slice weighted by the
number of the lesion's pixels on it. The second most probable subtype is the alternative if its mean is at least half
as high. Therefore, two lesions with the same distribution over the same slices are assigned the same subtype.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.subtypes import Subtype

# The second most probable subtype is an alternative from this fraction of the highest probability on.
ALTERNATIVE_FROM = 0.5


def mean_probabilities(
    lesion_of: NDArray[np.integer], count: int, subtype_probability: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(count, 5) the mean probability of each subtype over each lesion's slices, weighted by its pixels on them.

    `lesion_of` (n, rows, columns) is 0 outside of lesions, else the lesion's number; all numbers from 1 to `count`
    occur. `subtype_probability` (n, 5) is that of `Segmentation`.
    """
    sums = np.zeros((count + 1, len(Subtype)))
    for on_slice, probability in zip(lesion_of, subtype_probability, strict=True):
        sums += np.bincount(on_slice.ravel(), minlength=count + 1)[:, None] * probability
    return np.asarray(sums[1:] / np.bincount(lesion_of.ravel(), minlength=count + 1)[1:, None], np.float64)


def subtype_and_alternative(mean_probability: NDArray[np.float64]) -> tuple[Subtype, Subtype | None]:
    """The subtype of a lesion and, if there is one, its alternative, from the mean probabilities (5,).

    Of equally probable subtypes, the one first in `Subtype` wins.
    """
    first, second = np.argsort(-mean_probability, kind="stable")[:2]
    subtypes = tuple(Subtype)
    close = mean_probability[second] > 0 and mean_probability[second] >= ALTERNATIVE_FROM * mean_probability[first]
    return subtypes[first], subtypes[second] if close else None


def subtype_areas_px(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(5, n) the number of pixels of each subtype on each slice of a label map (n, rows, columns)."""
    areas = np.zeros((len(labels), 1 + len(Subtype)), np.int64)
    for k in np.flatnonzero(labels.any(axis=(1, 2))):
        areas[k] = np.bincount(labels[k].ravel(), minlength=1 + len(Subtype))
    return areas[:, 1:].T
