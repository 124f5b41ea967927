"""Of which subtype each lesion is, from what a method says of slices.

Subtypes are learned from labels of whole slices (the dataset has no others), so nothing is known of where on a slice
one lies. A lesion takes the subtype of highest mean probability over its slices, each slice weighted by the lesion's
pixels on it. A second subtype is named where its mean is at least half as high. Two lesions on the very same slices,
alike in their shares, get the same one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.subtypes import Subtype

# A lesion may as well be of the second most probable subtype where that has this share of the first one's probability.
CLOSE = 0.5


def mean_probabilities(
    lesion_of: NDArray[np.integer], count: int, subtype_probability: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(count, 5) the mean probability of each subtype over each lesion's slices, weighted by its pixels on them.

    `lesion_of` is (n, rows, columns): 0 where no lesion is, else its number from 1 to `count`, none of them missing.
    `subtype_probability` is that of `Segmentation`, (n, 5).
    """
    sums = np.zeros((count + 1, len(Subtype)))
    for on_slice, probability in zip(lesion_of, subtype_probability, strict=True):
        sums += np.bincount(on_slice.ravel(), minlength=count + 1)[:, None] * probability
    return np.asarray(sums[1:] / np.bincount(lesion_of.ravel(), minlength=count + 1)[1:, None], np.float64)


def subtype_and_alternative(mean_probability: NDArray[np.float64]) -> tuple[Subtype, Subtype | None]:
    """The subtype of a lesion, and the second one where the two are close, from its means (5,); of equals the first."""
    first, second = np.argsort(-mean_probability, kind="stable")[:2]
    subtypes = tuple(Subtype)
    close = mean_probability[second] > 0 and mean_probability[second] >= CLOSE * mean_probability[first]
    return subtypes[first], subtypes[second] if close else None


def subtype_areas_px(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(5, n) pixels of each subtype on each slice of a label map (n, rows, columns) with those labels."""
    areas = np.zeros((len(labels), 1 + len(Subtype)), np.int64)
    for k in np.flatnonzero(labels.any(axis=(1, 2))):
        areas[k] = np.bincount(labels[k].ravel(), minlength=1 + len(Subtype))
    return areas[:, 1:].T
