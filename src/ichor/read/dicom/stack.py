"""From the slices of one series to one stack: sorted along the slice normal, one slice at each position."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.read.dicom.header import Slice

MINIMUM_SLICES = 5
# No head CT has slices this close, and tables return less precisely than headers state.
SAME_PLACE_MM = 0.1

ALIKE_DEG = 0.5  # headers are rounded, and some scanners measure the orientation of each slice
ALIKE_PIXELS = 0.002  # of the pixel size: a millimeter over the whole slice at most

HeaderFields = dict[str, Callable[[Slice], Hashable]]

# Fields that distinguish reconstructions with one Series Instance UID: each is treated as a series.
RECONSTRUCTION_FIELDS: HeaderFields = {
    "contrast": lambda one: one.contrast,
    "kernel": lambda one: one.kernel,
    "series number": lambda one: one.series_number,
    "description": lambda one: one.name,
    "image type": lambda one: one.image_type,
}
# Fields that distinguish acquisitions in one series, the most reliable first. Acquisition Number alone proves nothing:
# in sequential scanning every slice has its own.
ACQUISITION_FIELDS: HeaderFields = {
    "acquisition uid": lambda one: one.acquisition_uid,
    "frame of reference": lambda one: one.frame_of_reference,
    "temporal position": lambda one: one.temporal_position,
    "acquisition number": lambda one: one.acquisition_number,
    "slice thickness": lambda one: None if one.thickness_mm is None else round(one.thickness_mm, 1),
    "acquisition time": lambda one: one.acquired[:3],
}


def places_mm(slices: Sequence[Slice]) -> NDArray[np.float64]:
    """(n,) the position of each slice along the normal of the first."""
    if not slices:
        return np.empty(0)
    return np.array([one.position for one in slices]) @ slices[0].normal


def acquisition_order(one: Slice) -> tuple[object, ...]:
    """Sort key for the order of acquisition, as far as it is in the headers."""
    return (
        one.acquired,
        one.temporal_position or 0,
        one.acquisition_number or 0,
        one.instance_number,
        one.instance_uid,
        one.frame,
    )


def same_geometry(slices: Sequence[Slice]) -> list[list[Slice]]:
    """The slices grouped by size, orientation and pixel size, the group with most positions first.

    Orientations may differ by half a degree: each slice keeps its own.
    """
    groups: list[list[Slice]] = []
    left = list(slices)
    while left:
        alike = are_alike(left[0], left)
        groups.append([one for one, same in zip(left, alike, strict=True) if same])
        left = [one for one, same in zip(left, alike, strict=True) if not same]
    return sorted(groups, key=lambda group: -len(by_place(group)))


def are_alike(first: Slice, slices: Sequence[Slice]) -> NDArray[np.bool_]:
    """(n,) which slices have the geometry of the first, wherever they are; the first always does."""
    sizes = np.array([one.size for one in slices])
    pixels = np.array([one.pixel_mm for one in slices])
    axes = np.array([one.orientation for one in slices])
    turned = np.linalg.norm(axes - first.orientation, axis=2).max(axis=1)  # the chord approximates a small angle
    same = (
        (sizes == first.size).all(axis=1)
        & (np.abs(pixels / first.pixel_mm - 1) <= ALIKE_PIXELS).all(axis=1)
        & (turned <= np.radians(ALIKE_DEG))
    )
    return np.asarray(same | np.array([one is first for one in slices]), np.bool_)


def within_deg(one: Slice, other: Slice) -> bool:
    """Whether two slices are parallel, apart from rounding in the headers."""
    return bool(np.linalg.norm(one.normal - other.normal) <= np.radians(ALIKE_DEG))


def without_copies(slices: Sequence[Slice]) -> list[Slice]:
    """Each SOP instance once; several files may hold the same one.

    If all files have the same SOP Instance UID, slices with different positions or numbers are not duplicates.
    """
    first: dict[Hashable, Slice] = {}
    for one in slices:
        key = (one.instance_uid or one.path, one.frame, one.position.tobytes(), one.instance_number)
        first.setdefault(key, one)
    return list(first.values())


def is_mixture(stack: Sequence[Slice]) -> bool:
    """Whether sorted slices alternate between two series, by their instance numbers.

    Numbers that restart once indicate two parts of a head; numbers that occur twice throughout, two heads.
    """
    numbers = [one.instance_number for one in stack]
    repeated = len(numbers) - len(set(numbers))
    if repeated < 2 or any(one.frame > 1 for one in stack):
        return False
    steps = Counter(np.diff(numbers).tolist())
    uneven = len(numbers) - 1 - steps.most_common(1)[0][1]
    return uneven > max(2, len(numbers) / 4)


def by_place(slices: Sequence[Slice]) -> list[list[Slice]]:
    """The slices of one geometry, from inferior to superior, grouped by position."""
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
    """Slices of one acquisition, from inferior to superior, one at each position.

    Attributes:
        slices: the stack.
        separated_by: the header field that distinguishes it from other acquisitions of the same part; None if there are
            none.
        duplicates: further slices at positions of the stack that no field distinguishes from it, each with the one
            kept.
    """

    slices: list[Slice]
    separated_by: str | None
    duplicates: list[tuple[Slice, Slice]]


def reconstructions(slices: Sequence[Slice]) -> tuple[str | None, list[list[Slice]]]:
    """The slices of one geometry by reconstruction, and the field that distinguishes them (None if only one)."""
    separated_by, waiting, found = None, [list(slices)], []
    while waiting:
        stack = waiting.pop(0)
        split = _overlapping(stack, RECONSTRUCTION_FIELDS)
        if split is None:
            found.append(stack)
        else:
            separated_by = separated_by or split[0]
            waiting += split[1]
    return separated_by, found


def one_acquisition(slices: Sequence[Slice]) -> Stack:
    """One stack from slices with the same geometry.

    Slices are split only if stacks overlap. The stack with most slices is kept, on ties the one acquired first. Slices
    that still share a position are ordered by acquisition.
    """
    stack, separated_by = list(slices), None
    while overlapping := _overlapping(stack, ACQUISITION_FIELDS):
        separated_by, groups = overlapping
        stack = min(groups, key=lambda group: (-len(by_place(group)), min(map(acquisition_order, group))))
    places = by_place(stack)
    duplicates = [(duplicate, place[0]) for place in places for duplicate in place[1:]]
    return Stack([place[0] for place in places], separated_by, duplicates)


def differ_in_time(duplicates: Sequence[tuple[Slice, Slice]]) -> bool:
    """Whether all slices that were kept were acquired before all of the others, according to the headers."""
    last = max((kept.acquired, kept.acquisition_number or 0) for _, kept in duplicates)
    first = min((duplicate.acquired, duplicate.acquisition_number or 0) for duplicate, _ in duplicates)
    return last < first


def _overlapping(stack: Sequence[Slice], fields: HeaderFields) -> tuple[str, list[list[Slice]]] | None:
    """The first field that splits the slices into stacks of which two cover the same part of the head."""
    for name, field in fields.items():
        groups: dict[Hashable, list[Slice]] = defaultdict(list)
        for one in stack:
            groups[field(one)].append(one)
        large = [group for group in groups.values() if len(group) >= MINIMUM_SLICES]
        if len(large) < 2:
            continue
        stacks = [group for group in large if len(by_place(group)) >= MINIMUM_SLICES]
        if _overlap(stacks):
            return name, stacks
    return None


def _overlap(stacks: Sequence[Sequence[Slice]]) -> bool:
    """Whether any two stacks share more than half of the shorter one's extent."""
    if len(stacks) < 2:
        return False
    normal = stacks[0][0].normal
    along = [np.array([one.position for one in stack]) @ normal for stack in stacks]
    low, high = np.array([one.min() for one in along]), np.array([one.max() for one in along])
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    shorter = np.minimum((high - low)[:, None], high - low)
    return bool(np.triu(shared > shorter / 2, 1).any())


def uncovered(stack: Sequence[Slice], others: Sequence[Slice]) -> list[Slice]:
    """Slices, of any geometry, that show a part of the head that the stack does not cover."""
    if len(stack) < 2 or not others:
        return list(others)
    normal = stack[0].normal
    places = np.array([_centre(one) for one in stack]) @ normal
    usual = float(np.median(np.diff(places)))
    return [
        one
        for one in others
        if np.abs(places - float(_centre(one) @ normal)).min() > 0.75 * min(one.thickness_mm or usual, usual)
    ]


def _centre(one: Slice) -> NDArray[np.float64]:
    rows, columns = one.size
    half = np.array([(columns - 1) * one.pixel_mm[1], (rows - 1) * one.pixel_mm[0]]) / 2
    return np.asarray(one.position + half @ one.orientation, np.float64)


def turned_deg(stack: Sequence[Slice]) -> float:
    """The largest rotation or tilt of a slice relative to the first, in degrees."""
    axes = np.array([one.orientation for one in stack]) - stack[0].orientation
    return float(np.degrees(np.linalg.norm(axes, axis=2).max()))


def gaps(places: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Where slices are missing: (k, how many) between slices k and k + 1, counted from 0.

    A distance is a gap if it is more than 1.5 times the usual one both below and above it: a series that changes from
    thin to thick slices has no gap there.
    """
    distances = np.diff(places)
    found = []
    for k, distance in enumerate(distances):
        sides = [side for side in (distances[max(0, k - 3) : k], distances[k + 1 : k + 4]) if side.size]
        usual = max((float(np.median(side)) for side in sides), default=np.inf)
        if distance > 1.5 * usual:
            found.append((k, max(1, round(distance / usual) - 1)))
    return found
