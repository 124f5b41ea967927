"""Interpolation of outlines between two drawn slices, in label maps with several labels.

Interpolation is shape-based (Raya and Udupa 1990, doi:10.1109/42.52980): linear in the signed distance to the outline.
This requires regions that overlap, so there are three cases:

- Regions of a label that overlap on the two slices, directly or through other regions, are interpolated together, so
  that one region can split into two. A pixel drawn on both slices is drawn between them; one drawn on neither is not.
- Of the other regions, two that are mutual nearest neighbors, and no further apart than the sum of their widths, are
  one region that moves along the line between their centroids while its shape is interpolated.
- A region without a counterpart shrinks and ends halfway.

Where labels meet, the one with the larger signed distance wins, and no gap opens between regions that overlap.
Distances are in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from ichor.annotate.boxes import drawn_box
from ichor.annotate.project.runs import LabelMap

Mask = NDArray[np.bool_]
Regions = NDArray[np.int32]
Field = NDArray[np.float32]

# Pixels of a region touch by an edge or a corner; regions on two slices overlap if they share a pixel.
TOUCHING = np.ones((3, 3), bool)
OVERLAPPING = np.zeros((3, 3, 3), bool)
OVERLAPPING[1], OVERLAPPING[:, 1, 1] = True, True
# Nobody draws more regions of a label on a slice by hand; with more (speckle), counterparts are not sought.
MOST_MATCHED = 100


def interpolate(lower_map: LabelMap, k_lower: int, upper_map: LabelMap, k_upper: int) -> dict[int, LabelMap]:
    """The interpolated label maps (rows, columns) between two drawn slices, by slice index.

    Raises ValueError if the maps differ in shape or no slice lies between.
    """
    if lower_map.shape != upper_map.shape:
        raise ValueError(f"expected maps of one shape, found {lower_map.shape} and {upper_map.shape}")
    if k_upper - k_lower < 2:
        raise ValueError(f"expected a slice between the two, found slices {k_lower} and {k_upper}")
    result = {k: np.zeros_like(lower_map) for k in range(k_lower + 1, k_upper)}
    box = drawn_box([lower_map, upper_map])
    # With an empty border, so that a region at the edge of the image ends there.
    ends = np.pad([lower_map[box], upper_map[box]], ((0, 0), (1, 1), (1, 1)))
    labels = np.setdiff1d(ends, 0)
    if not labels.size:
        return result
    shapes = [_Shape.of(ends == label) for label in labels]
    whole = _Linear.of(_overlapping(ends > 0))
    for k, between in result.items():
        share = (k - k_lower) / (k_upper - k_lower)
        scores = np.stack([one.at(share) for one in shapes])
        drawn = (scores.max(axis=0) > 0) | (whole.at(share) > 0)
        between[box] = (labels[scores.argmax(axis=0)] * drawn)[1:-1, 1:-1]
    return result


@dataclass(frozen=True, eq=False)
class _Linear:
    """The signed distances (rows, columns) to a mask on the lower and on the upper slice; -inf if it is empty."""

    lower: Field
    upper: Field

    @classmethod
    def of(cls, drawn: Mask) -> _Linear:
        return cls(_signed_distance(drawn[0]), _signed_distance(drawn[1]))

    def at(self, share: float) -> Field:
        """The signed distance at a fraction `share` of the way from the lower to the upper slice."""
        return np.asarray((1 - share) * self.lower + share * self.upper, np.float32)


@dataclass(frozen=True, eq=False)
class _Moving:
    """A region that moves between the slices: its bounding box, and its two centroids in that box (2, 2)."""

    box: tuple[slice, ...]
    shape: _Linear
    centroids: NDArray[np.float64]

    @classmethod
    def of(cls, regions: Regions, pair: tuple[int, int], boxes: list[tuple[slice, ...]]) -> _Moving:
        """From numbered regions (2, rows, columns): the numbers of the pair, and the box of each."""
        box = tuple(slice(min(a.start, b.start) - 1, max(a.stop, b.stop) + 1) for a, b in zip(*boxes, strict=True))
        drawn = regions[:, *box] == np.array(pair)[:, None, None]
        return cls(box, _Linear.of(drawn), np.array([np.argwhere(one).mean(axis=0) for one in drawn]))

    def at(self, share: float) -> Field:
        """The signed distance in the box at a fraction `share` of the way up."""
        here = (1 - share) * self.centroids[0] + share * self.centroids[1]
        fields = [
            ndimage.shift(field, here - centroid, order=1, mode="nearest")
            for field, centroid in zip((self.shape.lower, self.shape.upper), self.centroids, strict=True)
        ]
        return _Linear(*fields).at(share)


@dataclass(frozen=True, eq=False)
class _Ending:
    """Regions of one slice without a counterpart: the signed distance inside (-inf elsewhere) and its maximum there."""

    field: Field
    depth: Field

    @classmethod
    def of(cls, regions: Regions) -> _Ending:
        field = np.where(regions > 0, _signed_distance(regions > 0), np.float32(-np.inf))
        return cls(field, largest_in_regions(field, regions))

    def at(self, share: float) -> Field:
        """The signed distance at a fraction `share` of the way to the other slice, where it is minus the maximum."""
        return (1 - share) * self.field - share * self.depth


@dataclass(frozen=True, eq=False)
class _Shape:
    """The regions of one label on both slices, by case; None for a slice on which no region ends."""

    overlapping: _Linear
    moving: list[_Moving]
    from_lower: _Ending | None
    from_upper: _Ending | None

    @classmethod
    def of(cls, drawn: Mask) -> _Shape:
        """From the masks of the label (2, rows, columns), which have an empty border."""
        overlapping = _overlapping(drawn)
        regions = np.stack([ndimage.label(one, structure=TOUCHING)[0] for one in drawn & ~overlapping])
        boxes = [ndimage.find_objects(one) for one in regions]
        pairs = _matches(regions)
        moving = [_Moving.of(regions, (i, j), [boxes[0][i - 1], boxes[1][j - 1]]) for i, j in pairs]
        for one, matched in zip(regions, zip(*pairs, strict=True), strict=False):
            one[np.isin(one, matched)] = 0
        return cls(_Linear.of(overlapping), moving, *(_Ending.of(one) if one.any() else None for one in regions))

    def at(self, share: float) -> Field:
        """The signed distance (rows, columns) at a fraction `share` of the way up; -inf far from all regions."""
        score = self.overlapping.at(share)
        for one in self.moving:
            score[one.box] = np.maximum(score[one.box], one.at(share))
        for ending, away in ((self.from_lower, share), (self.from_upper, 1 - share)):
            if ending is not None:
                np.maximum(score, ending.at(away), out=score)
        return score


def _overlapping(drawn: Mask) -> Mask:
    """The regions in masks (2, rows, columns) that overlap a region on the other slice."""
    groups, _ = ndimage.label(drawn, structure=OVERLAPPING)
    on_both = np.setdiff1d(np.intersect1d(groups[0], groups[1]), 0)
    return np.isin(groups, on_both)


def _signed_distance(mask: Mask) -> Field:
    """The distance (rows, columns) of each pixel's center to the outline, positive inside; -inf for an empty mask."""
    if not mask.any():
        return np.full(mask.shape, -np.inf, np.float32)
    inside, outside = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
    # The outline is half a pixel away from the center of the nearest pixel on the other side.
    return np.asarray(np.where(mask, inside - 0.5, 0.5 - outside), np.float32)


def largest_in_regions(field: Field, regions: Regions) -> Field:
    """(rows, columns) the largest value of `field` in each pixel's region; 0 outside the regions."""
    count = int(regions.max())
    of_region = np.r_[0, ndimage.maximum(field, regions, np.arange(1, count + 1))] if count else np.zeros(1)
    return np.asarray(of_region[regions], np.float32)


def _matches(regions: Regions) -> list[tuple[int, int]]:
    """The pairs of regions, numbered from 1 on each slice, that are mutual nearest neighbors and near enough."""
    numbers = [np.arange(1, int(one.max()) + 1) for one in regions]
    if not all(0 < one.size <= MOST_MATCHED for one in numbers):
        return []
    centroids = [
        np.array(ndimage.center_of_mass(one > 0, one, number)) for one, number in zip(regions, numbers, strict=True)
    ]
    widths = [2 * np.sqrt(np.bincount(one.ravel())[1:] / np.pi) for one in regions]
    far, nearest = KDTree(centroids[1]).query(centroids[0])
    back = KDTree(centroids[0]).query(centroids[1])[1]
    return [
        (i + 1, int(j) + 1) for i, j in enumerate(nearest) if back[j] == i and far[i] <= widths[0][i] + widths[1][j]
    ]
