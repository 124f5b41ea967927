"""Which slices have content, and where the field of view ends: programs pad volumes, and scanners mask the field.

Anatomical checks use these instead of the bounds of the array.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.head import HEAD_ABOVE_HU

Mask = NDArray[np.bool_]

SHOWN_CM2 = 2.0  # minimum tissue on a slice with content
# First and last rows, first and last columns, in the radiological convention.
SIDES = ("front", "back", "right", "left")
CUT_MM, CUT_BONE_MM = 30.0, 5.0  # minimum tissue and bone at one end of the field if the head continues beyond it
THINNER_PX = 5  # about 10 mm; thinner objects are a headrest or blanket
DEEPER_PX, ROUNDED = 2, 0.7  # a head that only touches the end has much more tissue a few pixels deeper


def has_content(hu: NDArray[np.floating[Any]], pixel_mm2: float) -> Mask:
    """(n,) which slices of (n, rows, columns) HU contain more than air or a constant value; all if none does."""
    n = len(hu)
    tissue = np.count_nonzero(hu > max(HEAD_ABOVE_HU, float(hu.min())), axis=(1, 2))
    shown = (tissue * pixel_mm2 >= 100 * SHOWN_CM2) & (np.ptp(hu.reshape(n, -1), axis=1) > 0)
    return np.asarray(shown if shown.any() else np.ones(n, np.bool_))


class Field(NamedTuple):
    """The part of a scan with content, in pixels of its slices in the radiological convention.

    Attributes:
        rows, columns: (first, past the last) within the outer rows and columns that are constant on all slices.
        ends: (4, rows, columns) the outermost pixels on each of the `SIDES`: of a rectangle, and also of a disc if
            everything outside of it is constant. `deeper` are the pixels a few steps further in.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    ends: Mask
    deeper: Mask

    @classmethod
    def of(cls, hu: NDArray[np.floating[Any]]) -> Self:
        """The field of slices (n, rows, columns) with content."""
        lowest, highest = hu.min(axis=0), hu.max(axis=0)
        rows = _inner(lowest, highest)
        columns = _inner(lowest[slice(*rows)].T, highest[slice(*rows)].T)
        disc = _disc(lowest, highest, rows, columns)
        ends, deeper = (
            _ends_of_rectangle(lowest.shape, rows, columns, inset)
            | (False if disc is None else _ends_of_disc(*disc, inset))
            for inset in (0, DEEPER_PX)
        )
        return cls(rows, columns, ends, deeper)

    def cuts(self, tissue: Mask, bone: Mask, pixel_mm: float) -> Mask:
        """(n, 4) on which slices, and on which of the `SIDES`, the head continues beyond the field of view."""
        cuts = self._reached(tissue, bone, pixel_mm)
        thick = tissue[(some := cuts.any(axis=1))]
        for kept in (
            ndimage.minimum_filter,
            ndimage.maximum_filter,
        ):  # removes thin objects such as the side of a headrest
            thick = kept(thick, (1, THINNER_PX, THINNER_PX))
        cuts[some] = self._reached(thick, bone[some] & thick, pixel_mm)
        return cuts

    def _reached(self, tissue: Mask, bone: Mask, pixel_mm: float) -> Mask:
        at_end, of_bone, deeper = (
            np.stack([np.count_nonzero(shown & end, axis=(1, 2)) for end in ends], axis=1) * pixel_mm
            for shown, ends in ((tissue, self.ends), (bone, self.ends), (tissue, self.deeper))
        )
        return np.asarray((at_end >= CUT_MM) & (of_bone >= CUT_BONE_MM) & (at_end >= ROUNDED * deeper))


def _inner(lowest: NDArray[Any], highest: NDArray[Any]) -> tuple[int, int]:
    """(first, past the last) row within the outer rows that contain a single value; all rows if there is nothing else.

    `lowest` and `highest` are the extremes over all slices, (rows, columns). Outer rows have the value of the
    outermost.
    """
    low, high = lowest.min(axis=1), highest.max(axis=1)
    of_first, of_last = ((low == low[end]) & (high == low[end]) for end in (0, -1))
    if of_first.all():
        return 0, len(low)
    return int(np.argmin(of_first)), len(low) - int(np.argmin(of_last[::-1]))


def _ends_of_rectangle(shape: tuple[int, ...], rows: tuple[int, int], columns: tuple[int, int], inset: int) -> Mask:
    """(4, rows, columns) the first and last rows and columns of a rectangle reduced by `inset` on each side."""
    ends = np.zeros((4, *shape), np.bool_)
    ends[0, min(rows[0] + inset, rows[1] - 1), slice(*columns)] = True
    ends[1, max(rows[1] - 1 - inset, rows[0]), slice(*columns)] = True
    ends[2, slice(*rows), min(columns[0] + inset, columns[1] - 1)] = True
    ends[3, slice(*rows), max(columns[1] - 1 - inset, columns[0])] = True
    return ends


Disc = tuple[NDArray[np.float64], NDArray[np.float64], float]


def _disc(lowest: NDArray[Any], highest: NDArray[Any], rows: tuple[int, int], columns: tuple[int, int]) -> Disc | None:
    """The vertical and horizontal distance of each pixel from the center of the slices, and the radius that holds all
    content.

    None if there is no such disc, for example if the corners have content.
    """
    middle = (np.array(lowest.shape) - 1) / 2
    down, across = (place - at for place, at in zip(np.indices(lowest.shape), middle, strict=True))
    radius = float(max(abs(end - at) for (a, b), at in zip((rows, columns), middle, strict=True) for end in (a, b - 1)))
    outside = np.hypot(down, across) > radius + 1
    corner = lowest[0, 0]
    if not outside.any() or np.any(lowest[outside] != corner) or np.any(highest[outside] != corner):
        return None
    return down, across, radius


def _ends_of_disc(down: NDArray[np.float64], across: NDArray[np.float64], radius: float, inset: int) -> Mask:
    """(4, rows, columns) the rim of a disc reduced by `inset`, in four quarters."""
    disc = np.hypot(down, across) <= radius - 0.5 - inset
    rim = disc & ~ndimage.binary_erosion(disc, border_value=1)
    vertical = np.abs(down) >= np.abs(across)
    quarters = (vertical & (down < 0), vertical & (down >= 0), ~vertical & (across < 0), ~vertical & (across >= 0))
    return np.stack([rim & quarter for quarter in quarters])
