"""The contour evolution: globally optimal regions by continuous max-flow (Yuan, Bae and Tai 2010, CVPR 2217-2224).

Of all regions of a slice it finds the one with the least sum of data costs inside and outside and of its contour's
length. With two regions this is the relaxed Potts model of multi-region segmentation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.methods.calibration import logit
from ichor.scan import FloatArray

_STEP, _AUGMENTED = 0.11, 0.3  # of the gradient descent, and of the augmented Lagrangian
_PROBABLE = 0.5
_FEWEST = 5  # pixels whose HU can be described
_SURE, _UNSURE = 6.0, -0.5  # logits of seeds, and at least of pixels near them


def evolve(
    hu: NDArray[np.float32],
    probability: NDArray[np.float32],
    *,
    length: float,
    intensity: float,
    iterations: int,
    seeds: NDArray[np.bool_] | None = None,
    reach: int = 20,
) -> NDArray[np.float32]:
    """(rows, columns) from 0 to 1: the relaxed region of hemorrhage on a slice.

    The cost of a pixel is the logit of its `probability` plus `intensity` times the log ratio of two Gaussians of the
    `hu` of probable and of other pixels around them; `length` weighs the contour's length. With `seeds` (rows,
    columns), which a person marked, these are hemorrhage, their HU count as those of hemorrhage, and it reaches as far
    as `reach` pixels from them.
    """
    ratio = np.asarray(logit(probability))
    inner = probability >= _PROBABLE
    around = (probability >= 0.02) & ~inner
    if seeds is not None:
        near = ndimage.binary_dilation(seeds, iterations=reach)
        inner, around = seeds, near & ~ndimage.binary_dilation(seeds, iterations=max(1, reach // 2))
        ratio = np.where(near, np.maximum(ratio, _UNSURE), -_SURE)
    if intensity and min(inner.sum(), around.sum()) >= _FEWEST:
        ratio = ratio + intensity * np.clip(_log_density(hu, hu[inner]) - _log_density(hu, hu[around]), -4, 4)
    if seeds is not None:
        ratio = np.where(seeds, _SURE, np.where(near, ratio, -_SURE))
    return np.asarray(_max_flow(np.maximum(-ratio, 0), np.maximum(ratio, 0), length, iterations), np.float32)


def _log_density(hu: NDArray[np.float32], of: NDArray[np.float32]) -> FloatArray:
    """The logarithm of the Gaussian density fitted to values, at `hu`."""
    deviation = max(float(of.std()), 3.0)
    return np.asarray(-(((hu - of.mean()) / deviation) ** 2) / 2 - np.log(deviation))


def _max_flow(inside: FloatArray, outside: FloatArray, length: float, iterations: int) -> FloatArray:
    """The relaxed region of the least cost: `inside` for each pixel in it, `outside` for each other one."""
    region = (inside < outside).astype(np.float64)
    source = np.minimum(inside, outside)
    sink, along_rows, along_columns = source.copy(), np.zeros_like(source), np.zeros_like(source)
    divergence = np.zeros_like(source)
    for _ in range(iterations):
        difference = divergence - (source - sink + region / _AUGMENTED)
        along_rows[:-1] += _STEP * np.diff(difference, axis=0)
        along_columns[:, :-1] += _STEP * np.diff(difference, axis=1)
        excess = np.maximum(1, np.hypot(along_rows, along_columns) / max(length, 1e-9))
        along_rows, along_columns = along_rows / excess, along_columns / excess
        divergence = along_rows + along_columns
        divergence[1:] -= along_rows[:-1]
        divergence[:, 1:] -= along_columns[:, :-1]
        source = np.minimum(divergence + sink - region / _AUGMENTED + 1 / _AUGMENTED, outside)
        sink = np.minimum(source + region / _AUGMENTED - divergence, inside)
        region = region - _AUGMENTED * (divergence + sink - source)
    return np.asarray(np.clip(region, 0, 1))
