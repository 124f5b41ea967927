"""Choosing the head CT among the series of a study: ranks all readable series and explains the order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ichor.anatomy.noise import SHARP_HU
from ichor.read.bounds import USUAL_THICKNESS_MM
from ichor.read.dicom.join import MIN_PART_SLICES, SAME_PART, WHOLE_HEAD_MM, are_one_kind, why_not_above
from ichor.read.dicom.kinds import is_computed, is_of_other_body_part
from ichor.read.dicom.noise import noise_hu
from ichor.read.dicom.series import Series
from ichor.read.dicom.stack import places_mm, within_deg

CHOSEN = "axial head CT"
BEST_THICKNESS_MM = 5.0  # the most frequent in the training data
MAX_HEAD_MM = 250.0
CERTAINLY_WHOLE_MM = 120.0  # if this much is covered, no part of the head is missing
WITHIN_MM = 0.05  # headers round


class Preference(NamedTuple):
    """How suitable a series is as the head CT; compared field by field from the first, smaller is better.

    docs/reference/formats.md lists these in the same order.
    """

    other_body_part: bool
    contrast: int  # 1 if the header names an agent but the series' name says non-contrast
    coverage_mm: float  # deviation from the extent of a head, in steps of 50 mm
    computed: bool  # computed from dual-energy data
    sharp: bool
    beyond_thickness: bool
    other_plane: bool  # reformatted into another plane than the acquired one
    thickness_mm: float  # deviation from 5 mm, in steps of 0.5 mm
    derived: bool
    fewer_slices: int
    acquired: tuple[str, ...]
    number: int
    uid: str  # so that the choice does not depend on the order of files


class Ranked(NamedTuple):
    """A readable series with its preference and noise (HU; None if it was not measured)."""

    series: Series
    preference: Preference
    noise_hu: float | None

    @property
    def sharp(self) -> bool:
        """Whether it was reconstructed with a sharp kernel, for bone or lung."""
        return self.preference.sharp


def ranked(series: Sequence[Series]) -> list[Ranked]:
    """The readable series, best first.

    Noise is measured only if there is a choice and the kernel's name is unknown.
    """
    fit = [one for one in series if one.unfit is None]
    unknown = [one for one in fit if one.stack[0].sharp is None] if len(fit) > 1 else []
    noise = {one: noise_hu(one.stack) for one in unknown}
    acquired = [one for one in fit if "DERIVED" not in one.stack[0].image_type]
    found = [Ranked(one, _preference(one, noise.get(one), acquired), noise.get(one)) for one in fit]
    return sorted(found, key=lambda one: one.preference)


def _preference(one: Series, noise: float | None, acquired: Sequence[Series]) -> Preference:
    first, thickness = one.stack[0], one.thickness_mm
    beyond = max(WHOLE_HEAD_MM - one.coverage_mm, one.coverage_mm - MAX_HEAD_MM, 0.0)
    low, high = USUAL_THICKNESS_MM
    derived = "DERIVED" in first.image_type
    return Preference(
        other_body_part=is_of_other_body_part(first),
        contrast=(1 if first.named_unenhanced else 2) if first.contrast else 0,
        coverage_mm=50 * round(beyond / 50),
        computed=is_computed(first),
        sharp=first.sharp if first.sharp is not None else noise is not None and noise > SHARP_HU,
        beyond_thickness=thickness is None or not low - WITHIN_MM <= thickness <= high + WITHIN_MM,
        other_plane=derived and bool(acquired) and not any(within_deg(first, other.stack[0]) for other in acquired),
        thickness_mm=np.inf if thickness is None else round(abs(thickness - BEST_THICKNESS_MM) * 2) / 2,
        derived=derived,
        fewer_slices=-len(one.stack),
        acquired=min(slice_.acquired for slice_ in one.stack),
        number=first.series_number or 0,
        uid=one.uid or "",
    )


def why_later(other: Ranked, chosen: Ranked | None) -> str:
    """A short reason why this series is not the one to read."""
    if chosen is None or other.preference < chosen.preference:
        return "also axial CT, but another series was requested"
    return f"also axial CT, but {_drawback(other, chosen)}"


def _drawback(other: Ranked, chosen: Ranked) -> str:
    """The first field of the preference in which a series is worse than the chosen one."""
    mine, theirs = other.preference, chosen.preference
    part = next((name for name in Preference._fields if getattr(mine, name) != getattr(theirs, name)), "uid")
    thickness = other.series.thickness_mm
    if part in ("thickness_mm", "beyond_thickness") and thickness is None:
        return "of unknown slice thickness"
    thinner = "thinner" if (thickness or 0) < (chosen.series.thickness_mm or 0) else "thicker"
    slices = f"{thinner} slices ({thickness or 0:.1f} mm)"
    return {
        "other_body_part": "of another part of the body",
        "contrast": "with contrast agent",
        "coverage_mm": f"covers {other.series.coverage_mm:.0f} mm",
        "computed": "computed from dual-energy data",
        "sharp": _sharpness(other),
        "beyond_thickness": f"{slices} than the models are intended for",
        "other_plane": "reformatted into another plane",
        "thickness_mm": slices,
        "derived": "derived from other images",
        "fewer_slices": f"fewer slices ({len(other.series.stack)})",
        "acquired": "acquired later",
        "number": "otherwise equal, with a higher series number",
        "uid": "otherwise equal, with a later UID",
    }[part]


def _sharpness(one: Ranked) -> str:
    if one.noise_hu is None:
        return "a kernel for bone or lung"
    return f"noise typical of a kernel for bone or lung ({one.noise_hu:.0f} HU)"


def parts_left_out(chosen: Series, series: Sequence[Series]) -> list[tuple[Series, str]]:
    """Series that seem to show the rest of a head of which the chosen one is a part, and why they were not joined."""
    if chosen.coverage_mm >= CERTAINLY_WHOLE_MM:
        return []
    found = []
    for other in series:
        if other is chosen or len(other.stack) < MIN_PART_SLICES or not are_one_kind(chosen, other):
            continue
        lower, upper = sorted((chosen, other), key=lambda one: float(places_mm([chosen.stack[0], one.stack[0]])[1]))
        extent = places_mm([lower.stack[0], upper.stack[-1]])
        apart = why_not_above(lower, upper)
        if apart not in (None, SAME_PART) and float(np.ptp(extent)) <= MAX_HEAD_MM:
            found.append((other, apart))
    return found
