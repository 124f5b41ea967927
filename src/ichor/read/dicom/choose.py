"""Which series of those found is the axial head CT to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ichor.read.dicom.header import Slice
from ichor.read.dicom.kinds import has_sharp_kernel, is_of_other_body_part, reasons_in_words, why_not
from ichor.read.dicom.stack import (
    MINIMUM_SLICES,
    Stack,
    one_acquisition,
    places_mm,
    same_geometry,
    without_copies,
)

CHOSEN = "axial head CT"
USUAL_THICKNESS_MM = 5.0
HEAD_COVERAGE_MM = (100.0, 250.0)


class Preference(NamedTuple):
    """How well a series serves as the head CT; compared part by part from the first, the smaller wins."""

    other_body_part: bool
    coverage_mm: float  # how far it is from covering a head, in steps of 50 mm
    derived: bool
    contrast: bool  # before the kernel: contrast agent looks like blood
    sharp_kernel: bool
    thickness_mm: float  # how far from 5 mm, in steps of 0.5 mm
    fewer_slices: int
    uid: str  # so that the choice never depends on the order of files


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The slices found under one Series Instance UID, and the stack among them that can be read.

    Attributes:
        images: every slice found, each SOP instance once.
        copies: how many more slices are copies of these.
        rejected: for images that are no axial CT slices, why.
        groups: the acceptable slices by geometry, the biggest group first.
        stack: one acquisition out of the first group, from inferior to superior; empty if there is none.
        told_by, doubles: as in `ichor.read.dicom.stack.Stack`.
        unfit: why the series cannot be read; None if it can.
    """

    uid: str | None
    images: list[Slice]
    copies: int
    rejected: list[str]
    groups: list[list[Slice]]
    stack: list[Slice]
    told_by: str | None
    doubles: list[tuple[Slice, Slice]]
    unfit: str | None

    @property
    def only_too_short(self) -> bool:
        """Whether it cannot be read only because there are too few slices."""
        return bool(self.stack) and len(self.stack) < MINIMUM_SLICES

    @property
    def thickness_mm(self) -> float | None:
        """The median thickness of its slices."""
        known = [one.thickness_mm for one in self.stack if one.thickness_mm is not None]
        return float(np.median(known)) if known else None

    @property
    def coverage_mm(self) -> float:
        """From the lowest to the highest slice, along the normal."""
        return float(np.ptp(places_mm(self.stack))) if self.stack else 0.0

    @property
    def preference(self) -> Preference:
        """How it compares with other series that can be read."""
        one, thickness = self.stack[0], self.thickness_mm
        low, high = HEAD_COVERAGE_MM
        beyond = max(low - self.coverage_mm, self.coverage_mm - high, 0.0)
        return Preference(
            other_body_part=is_of_other_body_part(one),
            coverage_mm=50 * round(beyond / 50),
            derived="DERIVED" in one.image_type,
            contrast=one.contrast,
            sharp_kernel=has_sharp_kernel(one),
            thickness_mm=np.inf if thickness is None else round(abs(thickness - USUAL_THICKNESS_MM) * 2) / 2,
            fewer_slices=-len(self.stack),
            uid=self.uid or "",
        )


def series_in(slices: Sequence[Slice]) -> list[Series]:
    """The slices grouped by series, in the order of their UIDs."""
    by_uid: dict[str, list[Slice]] = defaultdict(list)
    for one in slices:
        by_uid[one.series_uid or ""].append(one)
    return [_series(uid or None, by_uid[uid]) for uid in sorted(by_uid)]


def _series(uid: str | None, slices: list[Slice]) -> Series:
    images = without_copies(slices)
    reasons = [(one, why_not(one)) for one in images]
    rejected = [reason for _, reason in reasons if reason is not None]
    groups = same_geometry([one for one, reason in reasons if reason is None])
    stack = one_acquisition(groups[0]) if groups else Stack([], None, [])
    unfit: str | None = None
    if not stack.slices:
        unfit = reasons_in_words(rejected)
    elif len(stack.slices) < MINIMUM_SLICES:
        unfit = f"too few slices ({len(stack.slices)}; at least {MINIMUM_SLICES})"
    return Series(
        uid=uid,
        images=images,
        copies=len(slices) - len(images),
        rejected=rejected,
        groups=groups,
        stack=stack.slices,
        told_by=stack.told_by,
        doubles=stack.doubles,
        unfit=unfit,
    )


def best(series: Sequence[Series]) -> Series | None:
    """The series to read: of those that can be read, the one with the best preference."""
    fit = [one for one in series if one.unfit is None]
    return min(fit, key=lambda one: one.preference, default=None)


def why_not_chosen(other: Series, chosen: Series | None) -> str:
    """In a few words why this series is not the one to read."""
    if other.unfit is not None:
        return other.unfit
    if chosen is None or other.preference < chosen.preference:
        return "an axial CT too, but another series was asked for"
    return f"an axial CT too, but {_drawback(other, chosen)}"


def _drawback(other: Series, chosen: Series) -> str:
    """The first part of the preference in which a series is behind the chosen one."""
    mine, theirs = other.preference, chosen.preference
    part = next(name for name in Preference._fields if getattr(mine, name) != getattr(theirs, name))
    thickness = other.thickness_mm
    if part == "thickness_mm" and thickness is None:
        return "of unknown slice thickness"
    thinner = "thinner" if (thickness or 0) < (chosen.thickness_mm or 0) else "thicker"
    return {
        "other_body_part": "of another part of the body",
        "coverage_mm": f"it covers {other.coverage_mm:.0f} mm",
        "derived": "derived from other images",
        "sharp_kernel": "a kernel for bone or lung",
        "contrast": "with contrast agent",
        "thickness_mm": f"{thinner} slices ({thickness:.1f} mm)",
        "fewer_slices": f"fewer slices ({len(other.stack)})",
        "uid": "otherwise alike, and its UID comes later",
    }[part]
