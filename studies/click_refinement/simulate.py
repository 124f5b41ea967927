"""A simulated reader who corrects outlines by clicks, slice by slice.

The usual protocol (Xu et al. 2016, Deep Interactive Object Selection, doi:10.1109/CVPR.2016.47): each click is put in
the middle of the largest connected error, positive where hemorrhage was missed and negative where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.annotate.boxes import drawn_box
from ichor.annotate.click_reach import Settings, SliceImage
from ichor.annotate.refine import refine
from ichor.evaluate.overlap import Overlaps

Mask = NDArray[np.bool_]
MOST_CLICKS = 5


@dataclass(frozen=True, eq=False)
class Slices:
    """The slices of one subject that have hemorrhage in the delineation or in the mask to correct.

    Attributes:
        subject: its number.
        fold: the fold that it was in.
        hu: (n, rows, columns).
        mask: (n, rows, columns) the out-of-fold mask.
        reference: (n, rows, columns) the delineation.
        bone: (n, rows, columns).
        pixel_mm: the size of a pixel along rows and columns.
    """

    subject: str
    fold: int
    hu: NDArray[np.float32]
    mask: Mask
    reference: Mask
    bone: Mask
    pixel_mm: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Clicked:
    """What clicks did to one subject: its overlaps after 0 to MOST_CLICKS clicks a slice, and the seconds of each."""

    overlaps: list[Overlaps]
    seconds: list[float]


def correct(slices: Slices, start: Mask, settings: Settings) -> Clicked:
    """Correct each slice of `start` (n, rows, columns) by up to MOST_CLICKS clicks."""
    stages = np.zeros((MOST_CLICKS + 1, *start.shape), bool)
    seconds: list[float] = []
    for k, (begun, reference) in enumerate(zip(start, slices.reference, strict=True)):
        steps = _steps(SliceImage(slices.hu[k], slices.bone[k], slices.pixel_mm), begun, reference, settings)
        for number, (mask, took) in enumerate(steps):
            stages[number:, k] = mask
            seconds += [took] if number else []
    return Clicked([Overlaps.of(stage, slices.reference) for stage in stages], seconds)


def next_click(mask: Mask, reference: Mask) -> tuple[tuple[float, float], bool] | None:
    """The middle (x, y) of the largest connected error, and whether hemorrhage was missed there; None without error."""
    best: tuple[int, Mask, bool] | None = None
    for wrong, missed in ((reference & ~mask, True), (mask & ~reference, False)):
        labels, _ = ndimage.label(wrong)
        sizes = np.bincount(labels.ravel())[1:]
        if sizes.size and (best is None or sizes.max() > best[0]):
            best = int(sizes.max()), labels == sizes.argmax() + 1, missed
    if best is None:
        return None
    rows, columns = drawn_box([best[1]])
    depth = ndimage.distance_transform_edt(np.pad(best[1][rows, columns], 1))
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    return (float(columns.start + column) - 0.5, float(rows.start + row) - 0.5), best[2]


def _steps(image: SliceImage, mask: Mask, reference: Mask, settings: Settings) -> Iterator[tuple[Mask, float]]:
    """The mask before the first click and after each, with the seconds that it took."""
    yield mask, 0.0
    for _ in range(MOST_CLICKS):
        click = next_click(mask, reference)
        if click is None:
            return
        place, missed = click
        began = perf_counter()
        mask = refine(image, mask, [place], add=missed, settings=settings)
        yield mask, perf_counter() - began
