"""From the slices of one series to one stack: sorted along the slice normal, each place once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.read.dicom.header import Slice

MINIMUM_SLICES = 5
# No head CT has slices this close, and tables come back less exactly than headers tell.
SAME_PLACE_MM = 0.1

# What tells two acquisitions or reconstructions in one series apart, the surest first. Acquisition Number
# alone proves nothing: scanners that step the table give every slice its own.
TELLTALES: dict[str, Callable[[Slice], Hashable]] = {
    "acquisition uid": lambda one: one.acquisition_uid,
    "temporal position": lambda one: one.temporal_position,
    "acquisition number": lambda one: one.acquisition_number,
    "contrast": lambda one: one.contrast,
    "kernel": lambda one: one.kernel,
    "image type": lambda one: one.image_type,
    "slice thickness": lambda one: None if one.thickness_mm is None else round(one.thickness_mm, 1),
    "acquisition time": lambda one: one.acquired[:3],
}


def places_mm(slices: Sequence[Slice]) -> NDArray[np.float64]:
    """(n,) where each slice lies along the normal of the first."""
    if not slices:
        return np.empty(0)
    return np.array([one.position for one in slices]) @ slices[0].normal


def acquisition_order(one: Slice) -> tuple[object, ...]:
    """Sorts slices by when they were acquired, as far as the headers tell."""
    return (
        one.acquired,
        one.temporal_position or 0,
        one.acquisition_number or 0,
        one.instance_number,
        one.instance_uid,
        one.frame,
    )


def same_geometry(slices: Sequence[Slice]) -> list[list[Slice]]:
    """The slices in groups of one size, orientation and pixel size each, the one with most places first."""
    groups: list[list[Slice]] = []
    for one in slices:
        group = next((group for group in groups if _alike(group[0], one)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return sorted(groups, key=lambda group: -len(by_place(group)))


def _alike(a: Slice, b: Slice) -> bool:
    return (
        a.size == b.size
        and bool(np.abs(a.orientation - b.orientation).max() < 0.002)  # about 0.1 degrees
        and bool(np.abs(a.pixel_mm - b.pixel_mm).max() < 0.001)
    )


def without_copies(slices: Sequence[Slice]) -> list[Slice]:
    """Each SOP instance once; several files may hold the same."""
    first: dict[Hashable, Slice] = {}
    for one in slices:
        first.setdefault((one.instance_uid or one.path, one.frame), one)
    return list(first.values())


def by_place(slices: Sequence[Slice]) -> list[list[Slice]]:
    """The slices of one geometry, from inferior to superior, grouped where several lie at the same place."""
    places = places_mm(slices)
    groups: list[list[Slice]] = []
    last = -np.inf
    for k in np.argsort(places, kind="stable"):
        if places[k] - last > SAME_PLACE_MM:
            groups.append([])
            last = places[k]
        groups[-1].append(slices[k])
    return [sorted(group, key=acquisition_order) for group in groups]


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Slices of one acquisition, from inferior to superior, each at its own place.

    Attributes:
        slices: the stack.
        told_by: what told it from other acquisitions of the same part of the head; None if there are none.
        doubles: further slices at places of the stack that nothing tells from it, each with the one kept.
    """

    slices: list[Slice]
    told_by: str | None
    doubles: list[tuple[Slice, Slice]]


def one_acquisition(slices: Sequence[Slice]) -> Stack:
    """One stack out of slices with one geometry.

    Slices are split only where stacks overlap. The stack with most slices is kept, the first acquired on
    ties. What still shares a place after that is told apart by the order of acquisition.
    """
    stack, told_by = list(slices), None
    while overlapping := _overlapping(stack):
        told_by, groups = overlapping
        stack = min(groups, key=lambda group: (-len(by_place(group)), min(map(acquisition_order, group))))
    places = by_place(stack)
    doubles = [(double, place[0]) for place in places for double in place[1:]]
    return Stack([place[0] for place in places], told_by, doubles)


def _overlapping(stack: Sequence[Slice]) -> tuple[str, list[list[Slice]]] | None:
    """The first telltale that splits the slices into stacks of which two cover the same part of the head."""
    for name, telltale in TELLTALES.items():
        groups: dict[Hashable, list[Slice]] = defaultdict(list)
        for one in stack:
            groups[telltale(one)].append(one)
        stacks = [group for group in groups.values() if len(by_place(group)) >= MINIMUM_SLICES]
        if any(_overlap(a, b) for k, a in enumerate(stacks) for b in stacks[:k]):
            return name, stacks
    return None


def _overlap(a: Sequence[Slice], b: Sequence[Slice]) -> bool:
    """Whether two stacks share more than half of the shorter one's extent."""
    normal = a[0].normal
    along_a, along_b = (np.array([one.position for one in stack]) @ normal for stack in (a, b))
    shared = min(along_a.max(), along_b.max()) - max(along_a.min(), along_b.min())
    return bool(shared > min(np.ptp(along_a), np.ptp(along_b)) / 2)


def gaps(places: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Where slices are missing: (k, how many) between slices k and k + 1, counted from 0.

    A distance is a gap where it is more than 1.5 times the usual one both below and above it: a series that
    changes from thin to thick slices has no gap there.
    """
    distances = np.diff(places)
    found = []
    for k, distance in enumerate(distances):
        sides = [side for side in (distances[max(0, k - 3) : k], distances[k + 1 : k + 4]) if side.size]
        usual = max((float(np.median(side)) for side in sides), default=np.inf)
        if distance > 1.5 * usual:
            found.append((k, max(1, round(distance / usual) - 1)))
    return found
