"""The predictors of a voxel (Muschelli et al. 2017, section 2.5), and the template that one of them refers to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.methods.classical.fuzzy import fuzzy_centres, membership
from ichor.methods.classical.head import Head, Mask
from ichor.scan import FloatArray

Values = NDArray[np.float32]

NAMES = (
    *("intensity", "local mean", "local deviation", "local skewness", "local kurtosis"),
    *("share of neighbours as dense as blood", "share of neighbours outside the brain"),
    *("score in its axial plane", "score in its coronal plane", "score in its sagittal plane", "score in the brain"),
    *("difference to the other side", "distance to the centre", "smoothed, narrow", "smoothed, wide"),
    *("first guess", "score in the template"),
)
BLOOD_HU = (40.0, 80.0)
LEAST_HU = 42.0  # the local mean of voxels that are classified
NARROW_MM, WIDE_MM = 3.0, 8.0
TEMPLATE = (12, 16, 12)  # its places from below, the front and the right
FEWEST = 20  # voxels of a place of the template


@dataclass(frozen=True, eq=False)
class Template:
    """The `mean` and `deviation` of HU at each place in the extent of the brain, both of shape `TEMPLATE`."""

    mean: FloatArray
    deviation: FloatArray

    @classmethod
    def of(cls, heads: Iterable[Head]) -> Self | None:
        """The template of these heads, None if they show no brain; a place without any has the values of the whole."""
        number, total, squares = (np.zeros(TEMPLATE) for _ in range(3))
        for head in heads:
            where, hu = places(head, head.brain), head.hu[head.brain].astype(np.float64)
            for array, values in ((number, np.ones_like(hu)), (total, hu), (squares, hu**2)):
                array += np.bincount(where, values, number.size).reshape(TEMPLATE)  # noqa: PLW2901 (in place)
        count = float(number.sum())
        if not count:
            return None
        mean, square = total.sum() / count, squares.sum() / count
        known = number >= FEWEST
        means = np.where(known, total / np.maximum(number, 1), mean)
        second = np.where(known, squares / np.maximum(number, 1), square)
        return cls(means, np.sqrt(np.maximum(second - means**2, 1.0)))


def classified(head: Head) -> Mask:
    """(n, rows, columns) the voxels that are classified: brain whose neighborhood is at least as dense as brain."""
    mean = ndimage.uniform_filter(np.where(head.brain, head.hu, 30).astype(np.float32), 3, mode="nearest")
    return np.asarray(head.brain & (mean >= LEAST_HU))


def predictors(head: Head, template: Template, at: Mask) -> Values:
    """(voxels, len(NAMES)) the predictors of the voxels of a mask within the brain."""
    brain = head.brain
    hu = np.where(brain, head.hu, 0).astype(np.float32)
    inside = brain.astype(np.float32)
    share = np.maximum(ndimage.uniform_filter(inside, 3, mode="constant"), np.float32(1e-3))
    mean, second, third, fourth = (
        ndimage.uniform_filter(hu**k, 3, mode="constant")[at] / share[at] for k in (1, 2, 3, 4)
    )
    spread = np.sqrt(np.maximum(second - mean**2, 1.0))
    skewness = (third - 3 * mean * second + 2 * mean**3) / spread**3
    kurtosis = (fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4) / spread**4
    dense = (brain & (hu >= BLOOD_HU[0]) & (hu <= BLOOD_HU[1])).astype(np.float32)
    values = hu[brain]
    where = places(head, at)
    columns = [
        hu[at],
        *(mean, spread, skewness, kurtosis),
        ndimage.uniform_filter(dense, 3, mode="constant")[at],
        1 - share[at],
        *(_score(hu, brain, axis)[at] for axis in range(3)),
        (hu[at] - values.mean()) / max(float(values.std()), 1.0),
        _smoothed(head, hu, inside, 1.0)[at] - head.mirrored(_smoothed(head, hu, inside, NARROW_MM))[at],
        _from_centre_mm(head)[at],
        *(_smoothed(head, hu, inside, mm)[at] for mm in (NARROW_MM, WIDE_MM)),
        membership(hu[at], fuzzy_centres(values, 3))[-1],
        (hu[at] - template.mean.ravel()[where]) / template.deviation.ravel()[where],
    ]
    table = np.stack([np.asarray(one, np.float32) for one in columns], axis=1)
    return np.clip(np.nan_to_num(table), -1000, 1000)


def places(head: Head, mask: Mask) -> NDArray[np.intp]:
    """(voxels,) the index of each voxel's place in a flattened template."""
    axes = []
    for axis, size in enumerate(TEMPLATE):
        others = tuple(k for k in range(3) if k != axis)
        extent = np.flatnonzero(head.brain.any(axis=others))
        first, last = (extent[0], extent[-1]) if extent.size else (0, 0)
        share = (np.arange(head.brain.shape[axis]) - first) / max(1, last - first)
        axes.append(np.clip((share * size).astype(int), 0, size - 1))
    along = [axis[index] for axis, index in zip(axes, np.nonzero(mask), strict=True)]
    return np.asarray(np.ravel_multi_index(tuple(along), TEMPLATE))


def _score(hu: Values, brain: Mask, axis: int) -> Values:
    """Standard scores within the planes across an axis."""
    others = tuple(k for k in range(3) if k != axis)
    number = np.maximum(brain.sum(axis=others, keepdims=True), 1)
    mean = hu.sum(axis=others, keepdims=True) / number
    square = (hu**2).sum(axis=others, keepdims=True) / number
    return np.asarray((hu - mean) / np.sqrt(np.maximum(square - mean**2, 1.0)), np.float32)


def _smoothed(head: Head, hu: Values, inside: Values, mm: float) -> Values:
    """A Gaussian mean of the brain within slices; what is outside does not count."""
    sigma = (0, mm / head.pixel_mm, mm / head.pixel_mm)
    weight = ndimage.gaussian_filter(inside, sigma)
    return np.asarray(ndimage.gaussian_filter(hu, sigma) / np.maximum(weight, 1e-3), np.float32)


def _from_centre_mm(head: Head) -> Values:
    """The distance of each voxel to the center of the brain, mm."""
    up = np.cumsum(head.heights_mm)[:, None, None]
    rows, columns = (np.arange(size) * head.pixel_mm for size in head.brain.shape[1:])
    grid = np.broadcast_arrays(up, rows[None, :, None], columns[None, None])
    return np.asarray(np.sqrt(sum((one - one[head.brain].mean()) ** 2 for one in grid)), np.float32)
