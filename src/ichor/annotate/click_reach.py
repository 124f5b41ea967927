"""How far a click reaches: the pixels that are similar to the clicked one and connected to it.

A random walker with prior probabilities (Grady 2005, Multilabel Random Walker Image Segmentation Using Prior Models,
doi:10.1109/CVPR.2005.239), on one slice and within a few centimeters. A pixel is similar if its HU, and the model's
probability if that is known, are closer to those at the click than to those of the surroundings: brain for a positive
click, the rest of the region for a negative one. The walker gives the set of similar pixels a smooth border along the
edges of the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.annotate.random_walker import walk

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]

# A click reaches no further than this.
REACH_MM = 45.0
SMOOTHING_MM = 0.6
# A click represents the disc around it that does not cross the border of the region, within these radii.
SEED_MM = (0.8, 3.0)
# The range of blood: below are CSF and air, above are calcifications.
BLOOD_HU = (25.0, 100.0)
# A part of a region is a spur if a disc this much wider than the half-width at the click does not fit in.
SPUR = 1.3
# Probabilities are compared as logits, limited to this range; a difference of CONTRAST_LOGIT is fully trusted.
SURE_LOGIT, CONTRAST_LOGIT = 4.0, 2.0


@dataclass(frozen=True)
class Settings:
    """Parameters of a click; the values are the best ones in `studies/click_refinement`.

    Attributes:
        prior: the weight of each pixel's own similarity, relative to that of its neighbors (Grady's gamma).
        contrast_hu: the difference between click and surroundings at which HU are fully trusted.
        edge_hu: the difference between neighbors that forms an edge.
        fading_mm: the distance from the click at which similarity counts 1/e as much as at the click.
    """

    prior: float = 0.1
    contrast_hu: float = 20.0
    edge_hu: float = 8.0
    fading_mm: float = 30.0


DEFAULT = Settings()


@dataclass(frozen=True, eq=False)
class SliceImage:
    """The data of a slice, each (rows, columns).

    Attributes:
        hu: the voxels in HU.
        bone: which of them are bone.
        pixel_mm: the size of a pixel along rows and columns.
        probability: the model's probability for each pixel, None if the model has not run.
    """

    hu: Values
    bone: Mask
    pixel_mm: tuple[float, float]
    probability: Values | None = None

    def cut(self, box: tuple[slice, ...]) -> SliceImage:
        """A part of it."""
        probability = None if self.probability is None else self.probability[box]
        return SliceImage(self.hu[box], self.bone[box], self.pixel_mm, probability)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The surroundings of a click, each (rows, columns): smoothed HU, the region, the click, what cannot be added."""

    hu: Values
    logit: Values | None
    region: Mask
    clicked: Mask
    blocked: Mask
    pixel_mm: tuple[float, float]

    @classmethod
    def of(cls, image: SliceImage, region: Mask, clicked: Mask, blocked: Mask | None) -> Surroundings:
        """The surroundings of a click on this part of a slice."""
        hu = _smoothed(image.hu, ~image.bone, image.pixel_mm)
        logit = None if image.probability is None else _logit(image.probability)
        kept_out = image.bone if blocked is None else image.bone | blocked
        return cls(hu, logit, region, clicked, kept_out, image.pixel_mm)

    def added(self, settings: Settings) -> Mask:
        """The pixels that a positive click adds."""
        free = ~self.region & ~self.blocked
        seeds = self._seeds(free, settings.contrast_hu)
        if not seeds.any():
            return seeds
        field = free & ((self.hu >= BLOOD_HU[0]) & (self.hu <= BLOOD_HU[1]) | seeds)
        return self._reached(field, seeds, self._alike(seeds, field & ~seeds, settings), settings)

    def removed(self, settings: Settings) -> Mask:
        """The pixels that a negative click removes."""
        seeds = self._seeds(self.region, np.inf)
        if not seeds.any():
            return seeds
        same = _connected(self.region, seeds)
        alike = np.where(self._spur(same, seeds), 1, self._alike(seeds, same & ~seeds, settings))
        return self._reached(self.region, seeds, alike, settings)

    def _reached(self, field: Mask, seeds: Mask, alike: NDArray[np.float64], settings: Settings) -> Mask:
        fading = np.exp(-((self._distance(~seeds) / settings.fading_mm) ** 2))
        walked = walk(self.hu, field, seeds, alike * fading, settings.prior, settings.edge_hu)
        return _connected(walked >= 0.5, seeds)

    def _seeds(self, field: Mask, contrast_hu: float) -> Mask:
        """The click itself and the disc around it that does not cross the border of the field.

        If there is no border nearby, the disc contains the pixels that differ by less than `contrast_hu` from the
        click.
        """
        clicked = self.clicked & field
        if not clicked.any():
            return clicked
        room = float(np.median(self._distance(np.pad(field, 1))[1:-1, 1:-1][clicked]))
        disc = (self._distance(~clicked) <= min(max(room, SEED_MM[0]), SEED_MM[1])) & field
        if room > SEED_MM[1]:
            disc &= np.abs(self.hu - np.median(self.hu[clicked])) <= contrast_hu
        return np.asarray(disc | clicked)

    def _alike(self, seeds: Mask, others: Mask, settings: Settings) -> NDArray[np.float64]:
        """(rows, columns) from 0 to 1: how similar each pixel is to the seeds rather than to the others.

        If seeds and others do not differ, the extent of the region is unknown, and no pixel counts as similar.
        """
        channels = [(self.hu, settings.contrast_hu)]
        channels += [] if self.logit is None else [(self.logit, CONTRAST_LOGIT)]
        total, weights = np.zeros(seeds.shape), 0.0
        for values, contrast in channels:
            here = float(np.median(values[seeds]))
            elsewhere = float(np.median(values[others])) if others.any() else here
            if here == elsewhere:
                continue
            weight = min(1.0, abs(here - elsewhere) / contrast)
            total += weight * np.clip((values - elsewhere) / (here - elsewhere), 0, 1)
            weights += weight
        return np.asarray(total / max(1.0, weights))

    def _spur(self, same: Mask, seeds: Mask) -> Mask:
        """The part of a region that is no wider than at the click: a spur, or all of a region clicked in its middle."""
        depth = self._distance(np.pad(same, 1))[1:-1, 1:-1]
        half = float(depth[seeds].max()) * SPUR
        wide = depth > half
        if wide.any():
            wide = self._distance(~wide) <= half
        return _connected(same & ~wide, seeds)

    def _distance(self, mask: Mask) -> NDArray[np.float64]:
        """(rows, columns) mm to the nearest pixel outside the mask."""
        return np.asarray(ndimage.distance_transform_edt(mask, sampling=self.pixel_mm))


def _logit(probability: Values) -> Values:
    p = np.clip(probability, 1e-4, 1 - 1e-4)
    return np.asarray(np.clip(np.log(p / (1 - p)), -SURE_LOGIT, SURE_LOGIT), np.float32)


def _smoothed(hu: Values, counted: Mask, pixel_mm: tuple[float, float]) -> Values:
    """A Gaussian over the valid pixels only, so that bone does not brighten adjacent tissue."""
    sigmas = [SMOOTHING_MM / mm for mm in pixel_mm]
    weights = ndimage.gaussian_filter(counted.astype(np.float32), sigmas)
    sums = ndimage.gaussian_filter(np.where(counted, hu, 0), sigmas)
    return np.asarray(np.where(weights > 1e-3, sums / np.maximum(weights, 1e-3), hu), np.float32)


def _connected(mask: Mask, seeds: Mask) -> Mask:
    """The parts of a mask that are connected to the seeds, and the seeds."""
    labels, _ = ndimage.label(mask | seeds)
    return np.isin(labels, np.unique(labels[seeds])) if seeds.any() else seeds
