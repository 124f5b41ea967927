"""The subarachnoid space of a head by distances to landmarks and a Bayes decision (Li et al. 2012, IJCARS).

The landmarks are the paper's (abstract): brain boundary, midsagittal plane, the anterior and the posterior point where
they meet, and the superior point of the brain. The distances to all of them are the features of a pixel. Their
densities, in the subarachnoid space and in the rest of the inside of the skull, are estimated by kernels on training
scans; the Bayes decision takes the likelier of the two.

Chosen here: the distance to the boundary is measured on the slice, and the points belong to the whole head. The
midsagittal plane stands upright on the slices and runs along the inside of the skull, where it is longest. Kernels are
Gaussian, narrower for boundary and plane, along which the space is narrow. Space and rest are taken to be equally
likely beforehand, since the space would be the likelier one in few places otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.errors import BadConfig
from ichor.methods.classical.head import Head, Mask
from ichor.methods.li2012.slices import heights_mm
from ichor.scan import FloatArray

FILE = "densities.npz"  # in a package, beside its config.yaml
STEP_MM = 2.4  # densities are evaluated this far apart and interpolated
BLOCK = 4096  # pixels at a time
BANDWIDTH_MM = np.array([2, 2, 6, 6, 6], np.float32)  # of the kernels: narrow where the space is narrow
LANDMARKS = len(BANDWIDTH_MM)
WIDE = 0.7  # slices with at least this share of the largest area show where the midsagittal plane is
LONGER = 1.05  # than wide, at least: of a rounder head the plane runs from front to back of the slice

Features = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Densities:
    """Kernel density estimates of the distances: `space` and `rest` (samples, 5) in mm, float32."""

    space: Features
    rest: Features

    def __post_init__(self) -> None:
        for one in (self.space, self.rest):
            if one.ndim != 2 or one.shape[1] != LANDMARKS or len(one) < 2 or not np.isfinite(one).all():
                raise ValueError(f"expected at least two samples of {LANDMARKS} distances, found {one.shape}")

    @classmethod
    def of(cls, heads: Iterable[tuple[Head, Mask]], samples: int, seed: int) -> Self:
        """Estimate from heads and their subarachnoid spaces, by so many random pixels of each head for each density.

        Raises ValueError if there are none.
        """
        rng = np.random.default_rng(seed)
        drawn: tuple[list[Features], list[Features]] = ([], [])
        for head, space in heads:
            for of_class, where in zip(drawn, (head.brain & space, head.brain & ~space), strict=True):
                places = np.stack(np.nonzero(where))
                chosen = places[:, rng.permutation(places.shape[1])[:samples]]
                of_class.append(distances_mm(head, tuple(chosen)))
        return cls(*(np.concatenate([np.zeros((0, LANDMARKS), np.float32), *one]) for one in drawn))

    def log_ratio(self, features: Features) -> NDArray[np.float32]:
        """(N,) how much likelier the subarachnoid space is than the rest, as a logarithm, for features (N, 5)."""
        ratio = np.empty(len(features), np.float32)
        for first in range(0, len(features), BLOCK):
            block = features[first : first + BLOCK]
            ratio[first : first + BLOCK] = _log_density(block, self.space) - _log_density(block, self.rest)
        return ratio

    def save(self, file: Path) -> None:
        """Write an .npz file."""
        np.savez(file, space=self.space, rest=self.rest)

    @classmethod
    def load(cls, file: Path, name: str) -> Self:
        """Read what `save` wrote. Raises BadConfig if it is missing or damaged; `name` is the method's."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return cls(*(np.asarray(arrays[one], np.float32) for one in ("space", "rest")))
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise BadConfig(f"{file}: expected the densities of {name}, found none") from error


def likelier_space(head: Head, densities: Densities) -> Mask:
    """(n, rows, columns) where the subarachnoid space is likelier than the rest, inside the skull."""
    step = max(1, round(STEP_MM / head.pixel_mm))
    near = ndimage.binary_dilation(head.brain, np.ones((1, 2 * step + 1, 2 * step + 1)))[:, ::step, ::step]
    k, row, column = np.nonzero(near)
    mask = np.zeros_like(head.brain)
    if not k.size:
        return mask
    ratio = np.zeros(near.shape, np.float32)
    ratio[k, row, column] = densities.log_ratio(distances_mm(head, (k, row * step, column * step)))
    places = np.nonzero(head.brain)
    between = [places[0], places[1] / step, places[2] / step]
    mask[places] = ndimage.map_coordinates(ratio, between, order=1, mode="nearest") > 0
    return mask


def distances_mm(head: Head, places: tuple[NDArray[np.intp], ...]) -> Features:
    """(N, 5) the distances of N places (slices, rows, columns) to the landmarks.

    In this order: brain boundary, midsagittal plane, its anterior, its posterior and its superior point.
    """
    if not head.brain.any():
        return np.zeros((len(places[0]), LANDMARKS), np.float32)
    middle, along = midsagittal(head)
    heights = heights_mm(head)
    at = _in_head(head, places, heights, middle, along)
    inside = _in_head(head, np.nonzero(head.brain), heights, middle, along)
    of_plane = inside[np.abs(inside[:, 2]) <= head.pixel_mm]
    extremes = of_plane if len(of_plane) else inside
    points = [extremes[extremes[:, 1].argmin()], extremes[extremes[:, 1].argmax()], extremes[extremes[:, 0].argmax()]]
    to_points = [np.linalg.norm(at - one, axis=1) for one in points]
    return np.stack([head.depth_mm[places], np.abs(at[:, 2]), *to_points], axis=1).astype(np.float32)


def midsagittal(head: Head) -> tuple[FloatArray, FloatArray]:
    """(2,) a point of the midsagittal plane, and (2,) its direction to the back: rows and columns of each slice."""
    areas = head.brain.sum(axis=(1, 2))
    wide = np.nonzero(head.brain[areas >= WIDE * areas.max()])
    at = np.stack(wide[1:], axis=1).astype(np.float64)
    sizes, axes = np.linalg.eigh(np.cov(at.T)) if len(at) > 2 else (np.ones(2), np.eye(2))
    along = axes[:, 1] * (1 if axes[0, 1] >= 0 else -1)
    upright = np.sqrt(sizes[1]) < LONGER * np.sqrt(sizes[0]) or along[0] < np.sqrt(0.5)
    return at.mean(axis=0), np.array([1.0, 0.0]) if upright else along


def _in_head(
    head: Head, places: tuple[NDArray[np.intp], ...], heights: FloatArray, middle: FloatArray, along: FloatArray
) -> FloatArray:
    """(N, 3) places in mm: up, to the back along the midsagittal plane, and away from it."""
    row, column = (places[1] - middle[0]) * head.pixel_mm, (places[2] - middle[1]) * head.pixel_mm
    return np.stack(
        [heights[places[0]], row * along[0] + column * along[1], column * along[0] - row * along[1]], axis=1
    )


def _log_density(features: Features, samples: Features) -> NDArray[np.float32]:
    """(N,) the logarithm of the density at N places, up to a constant that is the same for all samples."""
    x, y = features / BANDWIDTH_MM, samples / BANDWIDTH_MM
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    closest = squares.min(axis=1, keepdims=True)
    total = np.exp(-0.5 * (squares - closest)).sum(axis=1)
    return np.asarray(np.log(total / len(samples)) - 0.5 * closest[:, 0], np.float32)
