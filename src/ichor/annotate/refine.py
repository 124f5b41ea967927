"""Correcting a region with clicks: a positive click or scribble adds to it, a negative one removes from it.

`ichor.annotate.click_reach` determines how far a click reaches. A positive click only adds and a negative one only
removes, and only what is connected to the click. A click therefore never changes anything elsewhere, and the result
depends only on the regions shown and the click.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ichor.annotate.click_reach import DEFAULT, REACH_MM, Mask, Settings, SliceImage, Surroundings
from ichor.annotate.project.runs import LabelMap

Point = tuple[float, float]


@dataclass(frozen=True)
class Click:
    """A click, or a scribble of several points.

    Attributes:
        points: (x, y) in pixels, x along columns; pixel (row, column) covers [column, column + 1) x [row, row + 1).
        add: whether it adds to a region or removes from one.
        label: the label of what is added.
    """

    points: tuple[Point, ...]
    add: bool
    label: int


def clicked(image: SliceImage, drawn: LabelMap, click: Click) -> LabelMap:
    """The label map (rows, columns) of a slice after a click; regions of other labels are never added.

    A negative click removes from the regions of each label that it touches. Raises ValueError as `refine` does.
    """
    result = drawn.copy()
    if click.add:
        others = (drawn > 0) & (drawn != click.label)
        added = refine(image, drawn == click.label, click.points, add=True, blocked=others)
        result[added] = click.label
        return result
    for label in np.setdiff1d(drawn, 0):
        kept = refine(image, drawn == label, click.points, add=False)
        result[(drawn == label) & ~kept] = 0
    return result


def refine(
    image: SliceImage,
    region: Mask,
    points: Sequence[Point],
    *,
    add: bool,
    blocked: Mask | None = None,
    settings: Settings = DEFAULT,
) -> Mask:
    """The region (rows, columns) of a slice after a click or scribble, `points` as in `Click`.

    `blocked` cannot be added, like bone. Raises ValueError if no point is on the slice.
    """
    rows, columns = region.shape
    inside = [(int(y), int(x)) for x, y in points if 0 <= x < columns and 0 <= y < rows]
    if not inside:
        raise ValueError("expected a click or scribble on the slice, found none")
    box = _box(inside, region.shape, image.pixel_mm)
    at = np.zeros(region.shape, bool)
    at[tuple(np.transpose(inside))] = True
    around = Surroundings.of(image.cut(box), region[box], at[box], None if blocked is None else blocked[box])
    result = region.copy()
    result[box] = region[box] | around.added(settings) if add else region[box] & ~around.removed(settings)
    return result


def _box(inside: Sequence[tuple[int, int]], shape: tuple[int, ...], pixel_mm: tuple[float, float]) -> tuple[slice, ...]:
    places = np.array(inside)
    reach = [int(np.ceil(REACH_MM / mm)) for mm in pixel_mm]
    return tuple(
        slice(max(0, int(low) - by), min(size, int(high) + by + 1))
        for low, high, by, size in zip(places.min(axis=0), places.max(axis=0), reach, shape, strict=True)
    )
