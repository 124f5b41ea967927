"""Second readers, made by code: the reference drawn a little differently."""

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
# Over how many mm the displacement of a reader's edge stays alike.
CORRELATION_MM = 5.0
RING_MM = 5.0
BRAIN_HU = (0.0, 100.0)
# Blood on CT, as far as the smoothed image shows it; the field's usual bounds are 50 to 100 HU.
BLOOD_HU = (45.0, 100.0)
EDGE_SDS_MM = (1, 2, 3)


def px(mm: float) -> float:
    """Pixels of the JPG release in so many of its nominal mm."""
    return mm / PIXEL_MM


def signed_distance(mask: Mask) -> NDArray[np.float64]:
    """(rows, columns) pixels to the region's edge, positive inside."""
    return np.asarray(ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask) + 0.5 - mask)


def smoothed(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region cut at half of its Gaussian blur."""
    return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), px(mm)) > 0.5)


def moved_edge(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region widened by so many mm, narrowed where negative."""
    return signed_distance(mask) > -px(mm)


def shifted(mm: float, mask: Mask, *_: Any) -> Mask:
    """The region moved sideways."""
    return np.asarray(np.roll(mask, round(px(mm)), axis=1))


def without_bone(mask: Mask, hu: NDArray[np.floating], *_: Any) -> Mask:
    """The region without what is bone."""
    return mask & (hu < 150)


def what_is_bright(mask: Mask, hu: NDArray[np.floating], *_: Any) -> Mask:
    """What is as bright as blood in the region and up to 2 mm around it."""
    even = ndimage.gaussian_filter(hu.astype(np.float32), px(0.7))
    return (signed_distance(mask) > -px(2)) & (even >= BLOOD_HU[0]) & (even <= BLOOD_HU[1])


def another_hand(mm: float, mask: Mask, _: NDArray[np.floating], rng: np.random.Generator) -> Mask:
    """The region with its edge displaced by a smooth random field with so many mm of standard deviation."""
    field = ndimage.gaussian_filter(rng.standard_normal(mask.shape).astype(np.float32), px(CORRELATION_MM))
    return signed_distance(mask) > px(mm) * field / field.std()


def edge_displaced(sd_mm: int) -> str:
    """The name of the reader whose edges are so far displaced."""
    return f"edge displaced, SD {sd_mm} mm"


READERS: Mapping[str, Reader] = {
    "smoothed by 1 mm": partial(smoothed, 1.0),
    "smoothed by 2 mm": partial(smoothed, 2.0),
    "widened by 1 mm": partial(moved_edge, 1.0),
    "widened by 2 mm": partial(moved_edge, 2.0),
    "narrowed by 1 mm": partial(moved_edge, -1.0),
    "narrowed by 2 mm": partial(moved_edge, -2.0),
    "moved by 1 mm": partial(shifted, 1.0),
    "moved by 2 mm": partial(shifted, 2.0),
    "without bone": without_bone,
    "what is 45 to 100 HU within 2 mm of it": what_is_bright,
    **{edge_displaced(sd): partial(another_hand, float(sd)) for sd in EDGE_SDS_MM},
}


def contrast_hu(mask: Mask, hu: NDArray[np.floating]) -> float:
    """How much brighter the region is than the brain within 5 mm around it, HU; NaN where there is none to compare."""
    distance = signed_distance(mask)
    tissue = (hu > BRAIN_HU[0]) & (hu < BRAIN_HU[1])
    inside, around = mask & tissue, (distance < -px(1)) & (distance > -px(RING_MM)) & tissue
    if not inside.any() or not around.any():
        return float("nan")
    return float(hu[inside].mean() - hu[around].mean())
