"""Simulated second readers, who alter the reference delineation slightly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.read.ct_ich_jpg import PIXEL_MM

Mask = NDArray[np.bool_]
Reader = Callable[[Mask, NDArray[np.floating], np.random.Generator], Mask]
# The distance over which the displacement of a simulated edge is correlated.
CORRELATION_MM = 5.0
RING_MM = 5.0
BRAIN_HU = (0.0, 100.0)
# Blood on smoothed CT; the usual bounds are 50 to 100 HU.
BLOOD_HU = (45.0, 100.0)
EDGE_SDS_MM = (1, 2, 3)


def px(mm: float) -> float:
    """A length in pixels of the JPG release, by its nominal pixel size."""
    return mm / PIXEL_MM


def signed_distance(mask: Mask) -> NDArray[np.float64]:
    """(rows, columns) the distance to the region's edge in pixels, positive inside."""
    return np.asarray(ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask) + 0.5 - mask)


def smoothed(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region after Gaussian blurring with this SD, thresholded at one half."""
    return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), px(mm)) > 0.5)


def widened(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region widened by `mm`; narrowed if negative."""
    return signed_distance(mask) > -px(mm)


def shifted(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region shifted to the side by `mm`."""
    return np.asarray(np.roll(mask, round(px(mm)), axis=1))


def without_bone(mask: Mask, hu: NDArray[np.floating], *_: Any) -> Mask:
    """The region without bone."""
    return mask & (hu < 150)


def only_bright(mask: Mask, hu: NDArray[np.floating], *_: Any) -> Mask:
    """The pixels in the region and up to 2 mm around it that are as bright as blood."""
    blurred = ndimage.gaussian_filter(hu.astype(np.float32), px(0.7))
    return (signed_distance(mask) > -px(2)) & (blurred >= BLOOD_HU[0]) & (blurred <= BLOOD_HU[1])


def displaced(sd_mm: float, mask: Mask, _: NDArray[np.floating], rng: np.random.Generator) -> Mask:
    """The region with its edge displaced by a smooth random field with this standard deviation."""
    field = ndimage.gaussian_filter(rng.standard_normal(mask.shape).astype(np.float32), px(CORRELATION_MM))
    return signed_distance(mask) > px(sd_mm) * field / field.std()


def edge_displaced(sd_mm: int) -> str:
    """The name of the reader whose edges are displaced with this standard deviation."""
    return f"edge displaced, SD {sd_mm} mm"


READERS: Mapping[str, Reader] = {
    "smoothed by 1 mm": partial(smoothed, 1.0),
    "smoothed by 2 mm": partial(smoothed, 2.0),
    "widened by 1 mm": partial(widened, 1.0),
    "widened by 2 mm": partial(widened, 2.0),
    "narrowed by 1 mm": partial(widened, -1.0),
    "narrowed by 2 mm": partial(widened, -2.0),
    "moved by 1 mm": partial(shifted, 1.0),
    "moved by 2 mm": partial(shifted, 2.0),
    "without bone": without_bone,
    "what is 45 to 100 HU within 2 mm of it": only_bright,
    **{edge_displaced(sd): partial(displaced, float(sd)) for sd in EDGE_SDS_MM},
}


def contrast_hu(mask: Mask, hu: NDArray[np.floating]) -> float:
    """How much brighter the region is than the brain within 5 mm around it, in HU; NaN if either has no tissue."""
    distance = signed_distance(mask)
    tissue = (hu > BRAIN_HU[0]) & (hu < BRAIN_HU[1])
    inside, around = mask & tissue, (distance < -px(1)) & (distance > -px(RING_MM)) & tissue
    if not inside.any() or not around.any():
        return float("nan")
    return float(hu[inside].mean() - hu[around].mean())
