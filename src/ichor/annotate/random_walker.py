"""A random walker with prior probabilities, on a part of an image.

Grady 2005, Multilabel Random Walker Image Segmentation Using Prior Models (doi:10.1109/CVPR.2005.239), for two labels
of which only one has seeds. scikit-image's random walker knows no priors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import cg

Mask = NDArray[np.bool_]

# Walkers cross even the strongest edge, so that no pixel is cut off.
LEAST_WEIGHT = 1e-4
TOLERANCE, MOST_STEPS = 1e-3, 500


def walk(
    image: NDArray[np.floating], field: Mask, seeds: Mask, prior: NDArray[np.floating], weight: float, edge: float
) -> NDArray[np.float64]:
    """(rows, columns) the probability that each pixel of the field belongs to its seeds; 0 outside.

    `prior` is the probability from the pixel alone, `weight` how much it counts relative to the neighbors (Grady's
    gamma), and `edge` the difference between neighbors in the image at which they count 1/e.
    """
    values, fixed = image[field], seeds[field]
    first, second = _neighbours(field)
    near = np.exp(-(((values[first] - values[second]) / edge) ** 2)) + LEAST_WEIGHT
    half = sparse.coo_array((near, (first, second)), shape=(values.size, values.size)).tocsr()
    neighbours = (half + half.T).tocsr()
    degree = np.asarray(neighbours.sum(axis=1)).ravel()
    system = (sparse.diags_array(degree + weight) - neighbours).tocsr()[~fixed][:, ~fixed]
    own = prior[field][~fixed]
    right = weight * own + np.asarray(neighbours[~fixed][:, fixed].sum(axis=1)).ravel()
    belongs = np.ones(values.size)
    belongs[~fixed], _ = cg(
        system, right, x0=own, rtol=TOLERANCE, maxiter=MOST_STEPS, M=sparse.diags_array(1 / system.diagonal())
    )
    result = np.zeros(image.shape)
    result[field] = belongs
    return result


def _neighbours(field: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs of pixels of the field that share an edge, by their index in it."""
    number = np.full(field.shape, -1)
    number[field] = np.arange(np.count_nonzero(field))
    pairs = [
        (low[both], high[both])
        for low, high in ((number[:-1], number[1:]), (number[:, :-1], number[:, 1:]))
        for both in [(low >= 0) & (high >= 0)]
    ]
    return np.concatenate([one for one, _ in pairs]), np.concatenate([one for _, one in pairs])
