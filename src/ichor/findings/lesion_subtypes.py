"""Of which subtype each lesion is, from what a method says of slices.

Subtypes are learned from labels of whole slices (the dataset has no others), so nothing is known of where on a slice
one lies. A lesion takes the subtype of highest mean probability over its slices, each slice weighted by the lesion's
pixels on it. Two lesions on the very same slices, alike in their shares, get the same one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.subtypes import Subtype


def subtype_labels(
    lesion_of: NDArray[np.integer], count: int, subtype_probability: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """(count,) the label of each lesion's subtype, 1 to 5 in the order of `Subtype`; of equals the first.

    `lesion_of` is (n, rows, columns): 0 where no lesion is, else its number from 1 to `count`, none of them missing.
    `subtype_probability` is that of `Segmentation`, (n, 5).
    """
    sums = np.zeros((count + 1, len(Subtype)))
    for on_slice, probability in zip(lesion_of, subtype_probability, strict=True):
        sums += np.bincount(on_slice.ravel(), minlength=count + 1)[:, None] * probability
    return np.asarray(1 + sums[1:].argmax(axis=1), np.uint8)


def subtype_areas_px(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(5, n) pixels of each subtype on each slice of a label map (n, rows, columns) with those labels."""
    areas = np.zeros((len(labels), 1 + len(Subtype)), np.int64)
    for k in np.flatnonzero(labels.any(axis=(1, 2))):
        areas[k] = np.bincount(labels[k].ravel(), minlength=1 + len(Subtype))
    return areas[:, 1:].T
