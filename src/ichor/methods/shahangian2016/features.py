"""What `shahangian2016` sees of a slice: the hematomas that its level set outlines, and what they are like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.methods.classical.head import Head, Mask
from ichor.methods.classical.level_set import edge_force, edge_indicator, evolve, step_function
from ichor.methods.classical.regions import Regions
from ichor.scan import FloatArray
from ichor.windows import BRAIN

FLUID_HU = 18.0  # ventricles, cisterns and wide sulci are darker
SEED_HU = 56.0
CONTRAST_HU = 8.0
LENGTH, AREA = 2.0, -0.6  # lambda and alpha of DRLSE: the contour grows
STEPS = 12
BINS = 12


def hematomas(head: Head) -> Mask:
    """(n, rows, columns) what DRLSE encloses when it starts from dense seeds in the brain without its ventricles."""
    soft = np.asarray(ndimage.median_filter(np.clip(head.hu, -20, 100), (1, 3, 3)), np.float32)
    tissue = head.brain & (soft > FLUID_HU)
    seeds = ndimage.binary_opening(tissue & (soft >= SEED_HU), np.ones((1, 2, 2)))
    found = np.zeros_like(seeds)
    slices = np.flatnonzero(seeds.any(axis=(1, 2)))
    if slices.size:
        g = edge_indicator(soft[slices], 1.2 / head.pixel_mm, CONTRAST_HU)
        force = edge_force(g, length=LENGTH, area=AREA)
        found[slices] = evolve(step_function(seeds[slices]), force, steps=STEPS) < 0
    return np.asarray(found & tissue)


def slice_features(head: Head, found: Mask) -> FloatArray:
    """(n, features) the weighted gray histogram of the brain, and shape and texture of the slice's main hematoma.

    The main one is that of the largest area times contrast to the other side; without any, its features are 0.
    """
    regions = Regions.of(found, across_slices=False)
    measured = regions.measure(head, head.hu)
    table = np.concatenate([measured.table(), _texture(head, regions)], axis=1)
    of_slice = np.full(regions.count, -1)
    places = np.nonzero(regions.labels)
    of_slice[regions.labels[places] - 1] = places[0]
    features = np.zeros((len(found), table.shape[1] + 2))
    worth = measured.volume_ml * np.maximum(measured.brighter_hu, 0)
    for k in range(len(found)):
        here = np.flatnonzero(of_slice == k)
        if here.size:
            features[k, 2:] = table[here[worth[here].argmax()]]
            features[k, :2] = here.size, worth[here].sum()
    return np.concatenate([weighted_histogram(head), features], axis=1)


def weighted_histogram(head: Head) -> FloatArray:
    """(n, BINS) the histogram of gray in the brain window, in which pixels count by their gray and their depth.

    What is dense and away from the skull, as a hematoma is, counts most.
    """
    gray = BRAIN.gray(head.hu) / 255
    bins = np.minimum((gray * BINS).astype(int), BINS - 1)
    depth = head.depth_mm
    histogram = np.zeros((len(gray), BINS))
    for k in np.flatnonzero(head.brain.any(axis=(1, 2))):
        inside = head.brain[k]
        weight = gray[k][inside] * np.minimum(depth[k][inside] / 10, 1)
        histogram[k] = np.bincount(bins[k][inside], weight, BINS) / max(float(weight.sum()), 1e-6)
    return histogram


def _texture(head: Head, regions: Regions) -> NDArray[np.float64]:
    """(regions, 3) the standard deviation, entropy in bits, and energy of the gray of each region."""
    places = regions.labels > 0
    of = regions.labels[places] - 1
    hu = np.clip(head.hu[places], 0, 99.9).astype(np.float64)
    number = np.maximum(np.bincount(of, minlength=regions.count), 1)
    mean = np.bincount(of, hu, regions.count) / number
    spread = np.sqrt(np.maximum(np.bincount(of, hu**2, regions.count) / number - mean**2, 0))
    joint = np.zeros((regions.count, 20))
    np.add.at(joint, (of, (hu / 5).astype(int)), 1)
    share = joint / number[:, None]
    entropy = -(share * np.log2(np.maximum(share, 1e-12))).sum(axis=1)
    return np.stack([spread, entropy, (share**2).sum(axis=1)], axis=1)
