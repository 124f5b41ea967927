"""Fuzzy c-means, plain and spatial, of the gray values of an image.

Bezdek 1981; Chuang, Tzeng, Chen, Wu and Chen 2006, "Fuzzy c-means clustering with spatial information for image
segmentation", Computerized Medical Imaging and Graphics 30:9-15, doi:10.1016/j.compmedimag.2005.10.001. In the
spatial variant, a pixel's membership is weighted by those of its neighbors, which removes spots of noise. The
fuzzifier is 2 throughout, as in that paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.scan import FloatArray

Mask = NDArray[np.bool_]

NEIGHBOURS = 5  # the window NB of Chuang et al., in pixels
TOLERANCE = 0.05  # of the centers, in the unit of the values: they stay if no one moves further in an iteration
MOST_ITERATIONS = 100
TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Clusters:
    """Clusters in order of their centers: `centres` (c,), `membership` (c, ...) sums to 1 within the mask."""

    centres: FloatArray
    membership: NDArray[np.float32]

    def hard(self) -> NDArray[np.intp]:
        """The index of the cluster with the highest membership, of the image's shape."""
        return np.asarray(self.membership.argmax(axis=0))


def fuzzy_centres(values: NDArray[np.floating], count: int, bins: int = 256) -> FloatArray:
    """(count,) the ascending centers of fuzzy c-means of values of any shape, found on their histogram.

    The centers start at evenly spaced quantiles, so that the result is always the same. Raises ValueError if there are
    no values.
    """
    if not values.size:
        raise ValueError("expected values to cluster, found none")
    low, high = float(values.min()), float(values.max())
    number, edges = np.histogram(values, bins, (low, max(high, low + TINY)))
    places = (edges[:-1] + edges[1:]) / 2
    centres = np.quantile(values, (np.arange(count) + 0.5) / count) + np.arange(count) * TINY
    for _ in range(MOST_ITERATIONS):
        weight = number * _membership(places, centres) ** 2
        before, centres = centres, (weight @ places) / np.maximum(weight.sum(axis=1), TINY)
        if np.abs(centres - before).max() < TOLERANCE:
            break
    return np.sort(centres)


def membership(values: NDArray[np.floating], centres: FloatArray) -> NDArray[np.float32]:
    """(c, ...) the membership of each value in each cluster, for values of any shape."""
    return np.asarray(_membership(values, centres), np.float32)


def spatial_clusters(
    image: NDArray[np.float32], mask: Mask, count: int, *, p: int = 1, q: int = 1, iterations: int = 8
) -> Clusters:
    """Spatial fuzzy c-means sFCM_{p,q} of the pixels of a stack (n, rows, columns) within a mask, slice by slice.

    It starts from plain fuzzy c-means and alternates between the spatial weighting u^p h^q, where h is the sum of a
    pixel's neighbors' memberships, and new centers, until they stay or for a number of iterations. Memberships are 0
    outside the mask. Raises ValueError if the mask is empty.
    """
    values = image[mask]
    centres = fuzzy_centres(values, count)
    u = np.zeros((count, *image.shape), np.float32)
    for _ in range(iterations):
        u = spatial_membership(image, mask, centres, p=p, q=q)
        weight = u[:, mask] ** 2
        before, centres = centres, (weight @ values) / np.maximum(weight.sum(axis=1), TINY)
        if np.abs(centres - before).max() < TOLERANCE:
            break
    order = np.argsort(centres)
    return Clusters(centres[order], u[order])


def spatial_membership(
    image: NDArray[np.float32], mask: Mask, centres: FloatArray, *, p: int = 1, q: int = 1
) -> NDArray[np.float32]:
    """(c, n, rows, columns) memberships for given centers, weighted by those of the neighbors (their equation 5)."""
    u = np.zeros((len(centres), *image.shape), np.float32)
    u[:, mask] = membership(image[mask], centres)
    around = np.stack([ndimage.uniform_filter(one, (1, NEIGHBOURS, NEIGHBOURS), mode="constant") for one in u])
    weighted = u**p * np.maximum(around, 0) ** q
    total = weighted.sum(axis=0)
    return np.asarray(np.where(total > TINY, weighted / np.maximum(total, TINY), u), np.float32)


def _membership(values: NDArray[np.floating], centres: FloatArray) -> NDArray[np.floating]:
    apart = values[None] - np.reshape(centres.astype(values.dtype), (-1, *[1] * values.ndim))
    near = 1 / (apart**2 + values.dtype.type(TINY))
    return np.asarray(near / near.sum(axis=0))
