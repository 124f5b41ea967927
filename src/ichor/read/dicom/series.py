"""Grouping the slices of a study into series; slices with contradictory headers stay separate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ichor.read.dicom.header import Slice
from ichor.read.dicom.kinds import reasons_in_words, why_not
from ichor.read.dicom.stack import (
    MINIMUM_SLICES,
    Stack,
    is_mixture,
    one_acquisition,
    places_mm,
    reconstructions,
    same_geometry,
    without_copies,
)

MIXTURE = "slices of more than one series, which their headers do not distinguish"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The slices of one series, and the stack among them that can be read.

    Attributes:
        uid: its Series Instance UID; None if it has none, or each file has another.
        images: every slice found, each SOP instance once.
        copies: how many further slices duplicate these.
        rejected: the reasons of images that are not axial CT slices.
        groups: the acceptable slices by geometry, the largest group first.
        stack: one acquisition from the first group, from inferior to superior; empty if there is none.
        separated_by, duplicates: as in `ichor.read.dicom.stack.Stack`.
        unfit: why the series cannot be read; None if it can.
        others: how many slices of other reconstructions have the same Series Instance UID.
        has_unique_uids: whether each of its files has a different Series Instance UID.
        parts: the series that were joined to make it, from inferior to superior; empty if it was not joined.
    """

    uid: str | None
    images: list[Slice]
    copies: int
    rejected: list[str]
    groups: list[list[Slice]]
    stack: list[Slice]
    separated_by: str | None
    duplicates: list[tuple[Slice, Slice]]
    unfit: str | None
    others: int = 0
    has_unique_uids: bool = False
    parts: tuple[Series, ...] = ()

    @property
    def only_too_short(self) -> bool:
        """Whether too few slices are the only reason why it cannot be read."""
        return 0 < len(self.stack) < MINIMUM_SLICES and self.unfit != MIXTURE

    @property
    def thickness_mm(self) -> float | None:
        """The median thickness of its slices; if it is not stated, their distance."""
        known = [one.thickness_mm for one in self.stack if one.thickness_mm is not None]
        distances = known or np.diff(places_mm(self.stack)).tolist()
        return float(np.median(distances)) if distances else None

    @property
    def coverage_mm(self) -> float:
        """From the lowest to the highest slice, along the normal."""
        return float(np.ptp(places_mm(self.stack))) if self.stack else 0.0


def series_in(slices: Sequence[Slice]) -> list[Series]:
    """The slices of one study grouped by series, sorted by UID, those without one at the end."""
    by_uid: dict[str, list[Slice]] = defaultdict(list)
    by_header: dict[tuple[bool, tuple[str, ...]], list[Slice]] = defaultdict(list)
    alone = _with_unique_uids(slices)
    for one in slices:
        if one.series_uid and one not in alone:
            by_uid[one.series_uid].append(one)
        else:
            by_header[one in alone, _common_header(one)].append(one)
    found = []
    for uid in sorted(by_uid):
        found += _series(uid, by_uid[uid])
    for key in sorted(by_header):
        found += _series(None, by_header[key], has_unique_uids=key[0])
    return found


def _common_header(one: Slice) -> tuple[str, ...]:
    """Header fields that slices of one series have in common, for slices without a usable UID."""
    fields: tuple[object, ...] = (
        one.modality,
        one.sop_class,
        one.series_number,
        one.kernel,
        one.image_type,
        one.name,
        one.contrast,
        one.size,
    )
    return tuple("" if field is None else str(field) for field in fields)


def _with_unique_uids(slices: Sequence[Slice]) -> set[Slice]:
    """Slices whose Series Instance UIDs are meaningless, since an anonymizer gave each file a different one.

    There are enough slices with a common header to make a series, and no two of them share a UID.
    """
    by_header: dict[tuple[str, ...], list[Slice]] = defaultdict(list)
    in_series: dict[str, int] = defaultdict(int)
    for one in slices:
        if one.series_uid:
            by_header[_common_header(one)].append(one)
            in_series[one.series_uid] += 1
    found: set[Slice] = set()
    for alike in by_header.values():
        alone = all(in_series[one.series_uid or ""] == 1 for one in alike)
        if alone and sum(why_not(one) is None for one in alike) >= MINIMUM_SLICES:
            found.update(alike)
    return found


def _series(uid: str | None, slices: list[Slice], *, has_unique_uids: bool = False) -> list[Series]:
    """The series with one UID: several if the UID was used for several reconstructions of the same part."""
    images = without_copies(slices)
    reasons = [(one, why_not(one)) for one in images]
    groups = same_geometry([one for one, reason in reasons if reason is None])
    whole = Series(
        uid=uid,
        images=images,
        copies=len(slices) - len(images),
        rejected=[reason for _, reason in reasons if reason is not None],
        groups=groups,
        stack=[],
        separated_by=None,
        duplicates=[],
        unfit=None,
        has_unique_uids=has_unique_uids,
    )
    if not groups:
        return [replace(whole, unfit=reasons_in_words(whole.rejected))]
    separated_by, parts = reconstructions(groups[0])
    return [_of_stack(whole, part, separated_by, len(groups[0]) - len(part), groups[1:]) for part in parts]


def _of_stack(
    whole: Series, slices: list[Slice], separated_by: str | None, others: int, other_groups: list[list[Slice]]
) -> Series:
    stack: Stack = one_acquisition(slices)
    unfit = MIXTURE if is_mixture(stack.slices) else too_few(stack.slices)
    return replace(
        whole,
        groups=[slices, *other_groups],
        stack=stack.slices,
        separated_by=stack.separated_by or separated_by,
        duplicates=stack.duplicates,
        others=others,
        unfit=unfit,
    )


def too_few(slices: Sequence[Slice]) -> str | None:
    """The reason if there are too few slices; None if there are enough."""
    if len(slices) >= MINIMUM_SLICES:
        return None
    return f"too few slices ({len(slices)}; at least {MINIMUM_SLICES})"
