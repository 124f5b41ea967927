"""One head in two series: skull base and vault are often scanned, or reconstructed, separately.

They are joined if they fit together like slices of one series, so that the whole head is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ichor.read.dicom.kinds import is_computed
from ichor.read.dicom.series import Series, too_few
from ichor.read.dicom.stack import SAME_PLACE_MM, are_alike, places_mm

MIN_PART_SLICES = 2  # of a part; a single slice is usually bolus tracking
MAX_PARTS = 100  # series of a study that are compared with each other
HEAD_MM = 210.0  # maximum extent of a joined series, so that a neck is not joined to a whole head
WHOLE_HEAD_MM = 100.0  # from the lowest to the highest slice; a shorter series may be a part
SHIFT_MM = 2.0  # sideways, beyond what table movement and gantry tilt explain
USUAL_GAP = 1.5  # in slice distances
MAX_OVERLAP = 0.25  # of the shorter part
SAME_PART = "the same part of the head"


def joined(series: Sequence[Series]) -> list[Series]:
    """The series, with parts of one head replaced by a joined series; the others unchanged."""
    left = [one for one in series if _is_part(one)]
    if not 2 <= len(left) <= MAX_PARTS:
        return list(series)
    found = [one for one in series if not _is_part(one)]
    left.sort(key=lambda one: (float(one.stack[0].position[2]), one.uid or ""))
    while left:
        parts = [left.pop(0)]
        while (above := _above(parts, left)) is not None:
            parts.append(above)
            left.remove(above)
        found.append(parts[0] if len(parts) == 1 else _combined(parts))
    order = {id(one): k for k, one in enumerate(series)}
    return sorted(found, key=lambda one: order[id(one.parts[0] if one.parts else one)])


def _is_part(one: Series) -> bool:
    return len(one.stack) >= MIN_PART_SLICES and (one.unfit is None or one.only_too_short)


def _above(parts: Sequence[Series], left: Sequence[Series]) -> Series | None:
    """The series that continues above the parts; of several, one with the same kernel, then the nearest."""
    last = parts[-1]
    begun = parts[0].stack[0]
    fitting = [
        one
        for one in left
        if why_not_above(last, one) is None
        and abs(float((one.stack[-1].position - begun.position) @ begun.normal)) <= HEAD_MM
    ]
    return min(
        fitting, key=lambda one: (one.stack[0].kernel != last.stack[0].kernel, abs(_gap_mm(last, one))), default=None
    )


def why_not_above(below: Series, above: Series) -> str | None:
    """Why the second series does not continue the first; None if it does."""
    by_place = _why_not_by_place(below, above)
    if by_place == SAME_PART:  # whatever else differs
        return by_place
    return _why_not_by_header(below, above) or by_place


def _why_not_by_header(below: Series, above: Series) -> str | None:
    last, first = below.stack[-1], above.stack[0]
    frames = last.frame_of_reference, first.frame_of_reference
    if not are_one_kind(below, above):
        return "a different kind of series"
    if ("DERIVED" in last.image_type) != ("DERIVED" in first.image_type):
        return "one of them is derived from other images"
    if None not in frames and frames[0] != frames[1]:
        return "the patient moved between them (different frames of reference)"
    return None if are_alike(last, [first])[0] else "a different size, pixel size or orientation"


def _why_not_by_place(below: Series, above: Series) -> str | None:
    a, b = below.stack, above.stack
    distances = [np.diff(places_mm(stack)) for stack in (a, b)]
    usual = max((float(np.median(one)) for one in distances if one.size), default=a[-1].thickness_mm or 5.0)
    gap = _gap_mm(below, above)
    shorter = min(below.coverage_mm, above.coverage_mm)
    if places_mm([a[0], b[-1]])[1] <= places_mm(a)[-1] or gap < -max(MAX_OVERLAP * shorter, SAME_PLACE_MM):
        return SAME_PART
    if gap > USUAL_GAP * usual:
        return f"{gap:.0f} mm apart"
    shift = _shift_mm(below, above, gap)
    return None if shift <= SHIFT_MM else f"{shift:.0f} mm to the side"


def are_one_kind(a: Series, b: Series) -> bool:
    """Whether two series differ only in the part of the body that they show."""
    one, other = a.stack[0], b.stack[0]
    return (
        one.contrast == other.contrast
        and one.named_unenhanced == other.named_unenhanced
        and bool(one.sharp) == bool(other.sharp)
        and is_computed(one) == is_computed(other)
    )


def _gap_mm(below: Series, above: Series) -> float:
    a, b = below.stack[-1], above.stack[0]
    return float((b.position - a.position) @ a.normal)


def _shift_mm(below: Series, above: Series, gap: float) -> float:
    """How far the second series is displaced from the line along which the first one's slices lie."""
    steps = [_step(one) for one in (below, above) if len(one.stack) > 1]
    if not steps:
        return 0.0
    from_a_to_b = above.stack[0].position - below.stack[-1].position
    return float(min(np.linalg.norm(from_a_to_b - gap * step) for step in steps))


def _step(one: Series) -> NDArray[np.float64]:
    """(3,) how the slices' positions move per mm along the normal."""
    first, last = one.stack[0], one.stack[-1]
    move = last.position - first.position
    return np.asarray(move / float(move @ first.normal), np.float64)


def _combined(parts: Sequence[Series]) -> Series:
    """The parts as one series; where they overlap, the lower one's slices are kept."""
    stack = list(parts[0].stack)
    for part in parts[1:]:
        end = places_mm(stack)[-1]
        normal, start = stack[0].normal, stack[0].position
        places = np.array([(one.position - start) @ normal for one in part.stack]) + places_mm(stack)[0]
        stack += [one for one, place in zip(part.stack, places, strict=True) if place > end + SAME_PLACE_MM]
    longest = max(parts, key=lambda one: len(one.stack))
    return replace(
        longest,
        images=[image for part in parts for image in part.images],
        copies=sum(part.copies for part in parts),
        rejected=[reason for part in parts for reason in part.rejected],
        groups=[
            [one for part in parts for one in part.groups[0]],
            *(group for part in parts for group in part.groups[1:]),
        ],
        stack=stack,
        separated_by=next((part.separated_by for part in parts if part.separated_by), None),
        duplicates=[duplicate for part in parts for duplicate in part.duplicates],
        others=sum(part.others for part in parts),
        unfit=too_few(stack),
        parts=tuple(parts),
    )
