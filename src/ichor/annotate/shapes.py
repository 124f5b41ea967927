"""Outlines between two drawn slices, and smoother ones, of label maps with several labels.

Between slices: shape-based interpolation (Raya and Udupa 1990, doi:10.1109/42.52980), linear in the signed distance to
the outline. It needs regions that lie over each other, so that there are three cases:

- Regions of a label that overlap on the two slices, directly or by way of others, are interpolated together, so that
  one may become two. What is drawn on both slices is drawn between them, and nothing is that is drawn on neither.
- Of the rest, two that are each other's nearest, and no further apart than both are wide, are one region that moves:
  along the line between their centroids, interpolated on the way.
- A region without a counterpart tapers off and ends half-way.

Where labels meet the larger signed distance wins, and no gap opens between regions that overlap. Distances are in
pixels.

Smoother: a Gaussian of the region, cut where it keeps the region's area. That would eat up what is thin, so parts that
a disc of five pixels does not fit in stay as they are, but for bumps.
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

# A region is what touches by an edge or a corner; on two slices regions overlap that share a pixel.
TOUCHING = np.ones((3, 3), bool)
OVERLAPPING = np.zeros((3, 3, 3), bool)
OVERLAPPING[1], OVERLAPPING[:, 1, 1] = True, True
# No hand draws more regions of a label on a slice; in what speckles no region is another's counterpart.
MOST_MATCHED = 100

# What is smoothed away is about as large as this, px.
SIGMA = 2.0
DISC = np.hypot(*np.mgrid[-2:3, -2:3]) <= 2.3
# A thin part that ends this close to a thick one, px, is a bump of it.
BUMP = 4.0
_ROUNDING = 1e-6  # values that are equal by symmetry are equal, however their terms were rounded


def interpolate(lower_map: LabelMap, k_lower: int, upper_map: LabelMap, k_upper: int) -> dict[int, LabelMap]:
    """The label maps of the slices between two drawn ones, (rows, columns) each, by index.

    Raises ValueError if the maps differ in shape or no slice lies between.
    """
    if lower_map.shape != upper_map.shape:
        raise ValueError(f"expected maps of one shape, found {lower_map.shape} and {upper_map.shape}")
    if k_upper - k_lower < 2:
        raise ValueError(f"expected a slice between the two, found slices {k_lower} and {k_upper}")
    result = {k: np.zeros_like(lower_map) for k in range(k_lower + 1, k_upper)}
    box = drawn_box([lower_map, upper_map])
    # With a border of nothing: a region that reaches the edge of the image ends there.
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
    """The signed distances (rows, columns) to a mask on the lower and on the upper slice; -inf where it is empty."""

    lower: Field
    upper: Field

    @classmethod
    def of(cls, drawn: Mask) -> _Linear:
        return cls(_signed_distance(drawn[0]), _signed_distance(drawn[1]))

    def at(self, share: float) -> Field:
        """The signed distance a share of the way up."""
        return np.asarray((1 - share) * self.lower + share * self.upper, np.float32)


@dataclass(frozen=True, eq=False)
class _Moving:
    """One region that lies elsewhere on the upper slice than on the lower: its box, and its centroids in it (2, 2)."""

    box: tuple[slice, ...]
    shape: _Linear
    centroids: NDArray[np.float64]

    @classmethod
    def of(cls, regions: Regions, pair: tuple[int, int], boxes: list[tuple[slice, ...]]) -> _Moving:
        """Of the numbered regions (2, rows, columns), which of them and the box of each."""
        box = tuple(slice(min(a.start, b.start) - 1, max(a.stop, b.stop) + 1) for a, b in zip(*boxes, strict=True))
        drawn = regions[:, *box] == np.array(pair)[:, None, None]
        return cls(box, _Linear.of(drawn), np.array([np.argwhere(one).mean(axis=0) for one in drawn]))

    def at(self, share: float) -> Field:
        """The signed distance in the box, a share of the way up."""
        here = (1 - share) * self.centroids[0] + share * self.centroids[1]
        fields = [
            ndimage.shift(field, here - centroid, order=1, mode="nearest")
            for field, centroid in zip((self.shape.lower, self.shape.upper), self.centroids, strict=True)
        ]
        return _Linear(*fields).at(share)


@dataclass(frozen=True, eq=False)
class _Ending:
    """Regions of one slice that have no counterpart: the signed distance inside (-inf elsewhere), and their depth."""

    field: Field
    depth: Field

    @classmethod
    def of(cls, regions: Regions) -> _Ending:
        field = np.where(regions > 0, _signed_distance(regions > 0), np.float32(-np.inf))
        return cls(field, _largest(field, regions))

    def at(self, share: float) -> Field:
        """A share of the way to the other slice, which is as if it were everywhere as far outside as they are deep."""
        return (1 - share) * self.field - share * self.depth


@dataclass(frozen=True, eq=False)
class _Shape:
    """The regions of one label on both slices, by what becomes of them; None on a slice where nothing ends."""

    overlapping: _Linear
    moving: list[_Moving]
    from_lower: _Ending | None
    from_upper: _Ending | None

    @classmethod
    def of(cls, drawn: Mask) -> _Shape:
        """Of the label's masks (2, rows, columns), with a border of nothing."""
        overlapping = _overlapping(drawn)
        regions = np.stack([ndimage.label(one, structure=TOUCHING)[0] for one in drawn & ~overlapping])
        boxes = [ndimage.find_objects(one) for one in regions]
        pairs = _matches(regions)
        moving = [_Moving.of(regions, (i, j), [boxes[0][i - 1], boxes[1][j - 1]]) for i, j in pairs]
        for one, matched in zip(regions, zip(*pairs, strict=True), strict=False):
            one[np.isin(one, matched)] = 0
        return cls(_Linear.of(overlapping), moving, *(_Ending.of(one) if one.any() else None for one in regions))

    def at(self, share: float) -> Field:
        """The signed distance (rows, columns) a share of the way up; -inf where no region says anything."""
        score = self.overlapping.at(share)
        for one in self.moving:
            score[one.box] = np.maximum(score[one.box], one.at(share))
        for ending, away in ((self.from_lower, share), (self.from_upper, 1 - share)):
            if ending is not None:
                np.maximum(score, ending.at(away), out=score)
        return score


def _overlapping(drawn: Mask) -> Mask:
    """The regions of masks (2, rows, columns) that overlap one on the other slice."""
    groups, _ = ndimage.label(drawn, structure=OVERLAPPING)
    on_both = np.setdiff1d(np.intersect1d(groups[0], groups[1]), 0)
    return np.isin(groups, on_both)


def _signed_distance(mask: Mask) -> Field:
    """(rows, columns) the distance of each pixel's centre to the outline, positive inside; -inf of an empty mask."""
    if not mask.any():
        return np.full(mask.shape, -np.inf, np.float32)
    inside, outside = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
    # The outline runs half a pixel before the centre of the first pixel on the other side.
    return np.asarray(np.where(mask, inside - 0.5, 0.5 - outside), np.float32)


def _largest(field: Field, regions: Regions) -> Field:
    """(rows, columns) for each pixel of a region the largest value in it; 0 elsewhere."""
    count = int(regions.max())
    of_region = np.r_[0, ndimage.maximum(field, regions, np.arange(1, count + 1))] if count else np.zeros(1)
    return np.asarray(of_region[regions], np.float32)


def _matches(regions: Regions) -> list[tuple[int, int]]:
    """The regions, numbered from 1 on two slices, that are each other's nearest and not too far apart."""
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


def smooth(label_map: LabelMap) -> LabelMap:
    """The regions of a label map (rows, columns) with smooth outlines, each about as large as before.

    No region and no thin part is lost, and labels that touch are smoothed along the line where they meet, without a
    gap.
    """
    result = np.zeros_like(label_map)
    box = drawn_box([label_map])
    # Room for outlines to move into, and a border of nothing at the edge of the image.
    room = int(4 * SIGMA)
    drawn = np.pad(label_map[box], room)
    labels = np.setdiff1d(drawn, 0)
    if not labels.size:
        return result
    masks = [drawn == label for label in labels]
    thin = np.stack([_thin(one) for one in masks])
    claims = np.stack([_smoothed(*one) for one in zip(masks, thin, strict=True)])
    kept = _smoothed(drawn > 0, _thin(drawn > 0)) | thin.any(axis=0)
    # Thin parts come first, then who alone claims a pixel, then who had it, then whose blur is the strongest.
    blurs = np.stack([ndimage.gaussian_filter(one.astype(np.float32), SIGMA) for one in masks])
    votes = 4 * thin + 2 * claims + 1 * np.stack(masks) + blurs / 2
    smoothed = labels[votes.argmax(axis=0)] * kept
    rows, columns = (slice(one.start - room, one.stop + room) for one in box)
    inside = slice(max(0, -rows.start), None), slice(max(0, -columns.start), None)
    into = result[max(0, rows.start) : rows.stop, max(0, columns.start) : columns.stop]
    into[...] = smoothed[inside][: into.shape[0], : into.shape[1]]
    return result


def _thin(mask: Mask) -> Mask:
    """The parts of a mask (rows, columns) too thin for the disc, which are not bumps of a thick part."""
    thick = ndimage.binary_opening(mask, DISC)
    if not thick.any():
        return mask
    rest, _ = ndimage.label(mask & ~thick, structure=TOUCHING)
    away = np.asarray(ndimage.distance_transform_edt(~thick), np.float32)
    return np.asarray(_largest(away, rest) > BUMP)


def _smoothed(mask: Mask, thin: Mask) -> Mask:
    """A mask (rows, columns) of which all but its thin parts is smoothed, region by region."""
    result = thin.copy()
    regions, _ = ndimage.label(mask, structure=TOUCHING)
    for number, found in enumerate(ndimage.find_objects(regions), 1):
        box = tuple(slice(max(0, one.start - int(4 * SIGMA)), one.stop + int(4 * SIGMA)) for one in found)
        region, free = regions[box] == number, ~thin[box]
        area = int(np.sum(region & free))
        if area:
            blur = ndimage.gaussian_filter(region.astype(np.float32), SIGMA, mode="constant")
            level = np.partition(blur[free], -area)[-area]
            # Pixels alike by symmetry stay or go together, whichever keeps the area better.
            inner, outer = free & (blur > level + _ROUNDING), free & (blur >= level - _ROUNDING)
            result[box] |= inner if outer.sum() - area > area - inner.sum() and inner.any() else outer
    return result
