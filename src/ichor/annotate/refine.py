"""Correcting a region by clicks: a positive click or scribble adds to it, a negative one removes from it.

A random walker with prior probabilities (Grady 2005, Multilabel Random Walker Image Segmentation Using Prior Models,
doi:10.1109/CVPR.2005.239), on one slice and within a few centimetres of the click. A pixel is alike if its HU, and the
model's probability if that is known, are closer to those at the click than to those of the surroundings: brain for a
positive click, the rest of the region for a negative one. The walker finds the alike pixels that are connected with the
click, with a smooth border along edges of the image.

A positive click only adds and a negative click only removes, and only what is connected with the click. So a click never
changes anything elsewhere, and the result depends on nothing but the region shown and the click.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.annotate.project.runs import LabelMap
from ichor.annotate.random_walker import walk

Mask = NDArray[np.bool_]
Image = NDArray[np.floating]

# A click reaches no further than this, and what is further away than `fading_mm` counts less and less.
REACH_MM = 45.0
SMOOTHING_MM = 0.6
# A click stands for the disc around it that does not cross the border of the region, within these radii.
SEED_MM = (0.8, 3.0)
# What can be blood: below is CSF or air, above are calcifications and bone.
BLOOD_HU = (25.0, 100.0)
# A part of a region is a spur if a disc this much wider than the half-width at the click does not fit in.
SPUR = 1.3
# Logits of probabilities, by 8 bits, beyond which all is sure.
SURE = 4.0


@dataclass(frozen=True)
class Settings:
    """How a click acts; the values were chosen in studies/click_refinement.

    Attributes:
        prior: the weight of each pixel's own likeness, against that of its neighbours (Grady's gamma).
        contrast_hu: the difference between click and surroundings from which on HU are fully trusted.
        edge_hu: the difference between neighbours that makes an edge.
        fading_mm: the distance from the click at which likeness counts 1/e of what it counts at the click.
    """

    prior: float = 0.1
    contrast_hu: float = 12.0
    edge_hu: float = 8.0
    fading_mm: float = 30.0


DEFAULT = Settings()


@dataclass(frozen=True)
class Click:
    """A click, or a scribble of several points.

    Attributes:
        points: (x, y) in pixels, x along columns; pixel (row, column) covers [column, column + 1) x [row, row + 1).
        add: whether it adds to a region, or takes away from one.
        label: the label of what is added.
    """

    points: tuple[tuple[float, float], ...]
    add: bool
    label: int


def clicked(
    hu: Image,
    bone: Mask,
    drawn: LabelMap,
    click: Click,
    pixel_mm: tuple[float, float],
    probability: Image | None = None,
) -> LabelMap:
    """The label map (rows, columns) of a slice after a click; `bone` and regions of other labels are never added.

    A negative click takes away from the regions of each label that it touches. For the other arguments, and errors, see
    `refine`.
    """
    result = drawn.copy()
    here = {"pixel_mm": pixel_mm, "probability": probability}
    if click.add:
        others = (drawn > 0) & (drawn != click.label)
        added = refine(hu, drawn == click.label, click.points, add=True, blocked=bone | others, **here)
        result[added] = click.label
        return result
    for label in np.setdiff1d(drawn, 0):
        kept = refine(hu, drawn == label, click.points, add=False, **here)
        result[(drawn == label) & ~kept] = 0
    return result


def refine(
    hu: Image,
    region: Mask,
    points: Sequence[tuple[float, float]],
    *,
    add: bool,
    pixel_mm: tuple[float, float] = (0.5, 0.5),
    probability: Image | None = None,
    blocked: Mask | None = None,
    settings: Settings = DEFAULT,
) -> Mask:
    """The region (rows, columns) of a slice after a click or scribble.

    `points` are (x, y) in pixels, x along columns, pixel (row, column) covering [column, column + 1) x [row, row + 1).
    `pixel_mm` is the size of a pixel along rows and columns, `probability` the model's for each pixel, and `blocked`
    what cannot be added, such as bone and other regions. Raises ValueError for no points, or all outside the slice.
    """
    rows, columns = hu.shape
    inside = [(int(y), int(x)) for x, y in points if 0 <= x < columns and 0 <= y < rows]
    if not inside:
        raise ValueError("expected a click or scribble on the slice, found none")
    box = _box(inside, hu.shape, pixel_mm)
    clicked = np.zeros(hu.shape, bool)
    clicked[tuple(np.transpose(inside))] = True
    cut = _Cut.of(hu, region, clicked, blocked, probability, box, pixel_mm)
    taken = cut.taken(add, settings)
    result = region.copy()
    result[box] = region[box] | taken if add else region[box] & ~taken
    return result


def _box(inside: Sequence[tuple[int, int]], shape: tuple[int, ...], pixel_mm: tuple[float, float]) -> tuple[slice, ...]:
    places = np.array(inside)
    reach = [int(np.ceil(REACH_MM / mm)) for mm in pixel_mm]
    return tuple(
        slice(max(0, int(low) - by), min(size, int(high) + by + 1))
        for low, high, by, size in zip(places.min(axis=0), places.max(axis=0), reach, shape, strict=True)
    )


@dataclass(frozen=True, eq=False)
class _Cut:
    """What lies around the click, (rows, columns) each."""

    hu: NDArray[np.float32]
    smooth: NDArray[np.float32]
    region: Mask
    clicked: Mask
    blocked: Mask
    logit: NDArray[np.float32] | None
    pixel_mm: tuple[float, float]

    @classmethod
    def of(
        cls,
        hu: Image,
        region: Mask,
        clicked: Mask,
        blocked: Mask | None,
        probability: Image | None,
        box: tuple[slice, ...],
        pixel_mm: tuple[float, float],
    ) -> _Cut:
        here = np.asarray(hu[box], np.float32)
        kept_out = np.zeros(here.shape, bool) if blocked is None else blocked[box]
        smooth = _smoothed(here, ~kept_out, pixel_mm)
        logit = None
        if probability is not None:
            p = np.clip(np.asarray(probability[box], np.float32), 1e-3, 1 - 1e-3)
            logit = np.clip(np.log(p / (1 - p)), -SURE, SURE).astype(np.float32)
        return cls(here, smooth, region[box], clicked[box], kept_out, logit, pixel_mm)

    def taken(self, add: bool, settings: Settings) -> Mask:
        """The pixels that the click adds or removes."""
        field = ~self.region & ~self.blocked if add else self.region
        seeds = self._seeds(field, settings.contrast_hu if add else np.inf)
        if not seeds.any():
            return seeds
        if add:
            field = field & ((self.smooth >= BLOOD_HU[0]) & (self.smooth <= BLOOD_HU[1]) | seeds)
            alike = self._alike(seeds, field & ~seeds, settings)
        else:
            same = _component(self.region, seeds)
            spur = self._spur(same, seeds)
            alike = np.where(spur, 1, self._alike(seeds, same & ~seeds, settings))
        alike *= np.exp(-((self._distance(~seeds) / settings.fading_mm) ** 2))
        walked = walk(self.smooth, field, seeds, alike, settings.prior, settings.edge_hu)
        return _component(walked >= 0.5, seeds)

    def _distance(self, mask: Mask) -> NDArray[np.float64]:
        return np.asarray(ndimage.distance_transform_edt(mask, sampling=self.pixel_mm))

    def _seeds(self, field: Mask, contrast_hu: float) -> Mask:
        """The click itself and the disc around it that does not cross the border of the field.

        Where there is no border nearby, the disc holds what differs less than `contrast_hu` from the click.
        """
        clicked = self.clicked & field
        if not clicked.any():
            return clicked
        room = float(np.median(self._distance(np.pad(field, 1))[1:-1, 1:-1][clicked]))
        disc = (self._distance(~clicked) <= min(max(room, SEED_MM[0]), SEED_MM[1])) & field
        if room > SEED_MM[1]:
            disc &= np.abs(self.smooth - np.median(self.smooth[clicked])) <= contrast_hu
        return disc | clicked

    def _alike(self, seeds: Mask, others: Mask, settings: Settings) -> NDArray[np.float64]:
        """(rows, columns) from 0 to 1: how much each pixel is like the click rather than like the others."""
        channels = [(self.smooth, settings.contrast_hu)]
        if self.logit is not None:
            channels.append((self.logit, 2.0))
        total, weights = np.zeros(seeds.shape), 0.0
        for values, contrast in channels:
            at_click = float(np.median(values[seeds]))
            elsewhere = float(np.median(values[others])) if others.any() else at_click
            weight = min(1.0, abs(at_click - elsewhere) / contrast)
            if weight == 0:
                continue
            nearer = (values - (at_click + elsewhere) / 2) / ((at_click - elsewhere) / 2)
            total += weight * np.clip(0.5 + 0.5 * nearer, 0, 1)
            weights += weight
        # Where click and surroundings do not differ, nothing says how far the region reaches: no further than the click.
        return total / max(1.0, weights)

    def _spur(self, same: Mask, seeds: Mask) -> Mask:
        """The part of a region that hangs on it by no more than its own width; all of it, clicked in its middle."""
        depth = self._distance(np.pad(same, 1))[1:-1, 1:-1]
        half = float(depth[seeds].max()) * SPUR
        wide = depth > half
        if wide.any():
            wide = self._distance(~wide) <= half
        return _component(same & ~wide, seeds)


def _smoothed(hu: NDArray[np.float32], counted: Mask, pixel_mm: tuple[float, float]) -> NDArray[np.float32]:
    """A Gaussian over the pixels that count, so that bone does not brighten what lies beside it."""
    sigmas = [SMOOTHING_MM / mm for mm in pixel_mm]
    weights = ndimage.gaussian_filter(counted.astype(np.float32), sigmas)
    sums = ndimage.gaussian_filter(np.where(counted, hu, 0), sigmas)
    return np.asarray(np.where(weights > 1e-3, sums / np.maximum(weights, 1e-3), hu), np.float32)


def _component(mask: Mask, seeds: Mask) -> Mask:
    labels, _ = ndimage.label(mask | seeds)
    return np.isin(labels, np.unique(labels[seeds])) if seeds.any() else seeds
