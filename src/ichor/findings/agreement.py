"""Consistency of findings: slices, lesions, subtypes and totals must agree with each other."""

from __future__ import annotations

from collections.abc import Sequence

from ichor.findings.measurements import MOST_LESIONS
from ichor.findings.parts import HemorrhageFindings, MethodFindings, ScanFindings, SliceFindings
from ichor.subtypes import Subtype

# Each volume is rounded to 1e-6 mL, so that their sum may differ slightly from the total.
SUM_TOLERANCE_ML = 1e-5


def require_agreement(
    scan: ScanFindings, method: MethodFindings, found: HemorrhageFindings, slices: Sequence[SliceFindings]
) -> None:
    """Raise ValueError, with a message of one line, if one part of a scan's findings contradicts another."""
    if [one.index for one in slices] != list(range(scan.n_slices)):
        raise ValueError(f"expected slices 0 to {scan.n_slices - 1} in order, found {len(slices)}")
    if method.segments:
        _require_agreeing_areas(found, slices)
        _require_agreeing_lesions(found)
    else:
        _require_nothing_outlined(found, slices)
    _require_agreeing_flags(found, slices)
    _require_agreeing_subtypes(found, slices)
    if method.segments and found.subtypes is not None:
        _require_agreeing_subtype_volumes(found)


def _require_agreeing_areas(found: HemorrhageFindings, slices: Sequence[SliceFindings]) -> None:
    areas = [one.area_px for one in slices]
    if any(area is None or (area > 0) != one.flagged for area, one in zip(areas, slices, strict=True)):
        raise ValueError("expected exactly the slices with marked pixels to be flagged, found others")
    voxels = sum(area or 0 for area in areas)
    if found.volume_px != voxels:
        raise ValueError(f"expected volume_px to agree with the slices' {voxels}, found {found.volume_px}")


def _require_agreeing_flags(found: HemorrhageFindings, slices: Sequence[SliceFindings]) -> None:
    flagged = sum(one.flagged for one in slices)
    stated = (found.n_slices, found.present)
    if stated != (flagged, flagged > 0):
        raise ValueError(f"expected n_slices and present to agree with {flagged} slices flagged, found {stated}")


def _require_agreeing_lesions(found: HemorrhageFindings) -> None:
    if found.n_lesions is None or found.volume_px is None:
        raise ValueError("expected a number of lesions from a method that segments, found none")
    listed = min(found.n_lesions, MOST_LESIONS)
    voxels = sum(one.volume_px for one in found.lesions)
    rest = found.volume_px - voxels
    if len(found.lesions) != listed or (rest != 0 if found.n_lesions == listed else rest <= 0):
        raise ValueError(
            f"expected {listed} lesions with at most {found.volume_px} voxels, found {len(found.lesions)} with {voxels}"
        )


def _require_nothing_outlined(found: HemorrhageFindings, slices: Sequence[SliceFindings]) -> None:
    measured = [found.volume_px, found.volume_ml, found.n_lesions, found.largest_diameter_mm, found.abc2_ml]
    measured += [value for one in slices for value in (one.area_px, one.area_mm2)]
    measured += [value for one in found.subtypes or () for value in (one.volume_px, one.volume_ml)]
    if found.lesions or any(value is not None for value in measured):
        raise ValueError("expected no volume, area or lesion from a method that only detects hemorrhage, found some")


def _require_agreeing_subtypes(found: HemorrhageFindings, slices: Sequence[SliceFindings]) -> None:
    """Raise ValueError if only some parts have subtypes, or if those of the scan, slices and lesions disagree."""
    parts = [one.subtypes for one in slices] + [one.subtype for one in found.lesions]
    if any((part is None) != (found.subtypes is None) for part in parts):
        raise ValueError("expected subtypes for the scan, every slice and every lesion, or for none, found some")
    for lesion in found.lesions:
        if (other := lesion.subtype_alternative) is not None and lesion.subtype in (None, other):
            raise ValueError(f"expected a lesion's alternative subtype to differ from {lesion.subtype}, found {other}")
    if found.subtypes is None:
        return
    if [one.subtype for one in found.subtypes] != list(Subtype):
        raise ValueError(f"expected the subtypes {', '.join(Subtype)} in order, found others")
    for one in found.subtypes:
        highest = max(each.subtypes[one.subtype] for each in slices if each.subtypes is not None)
        listed = sum(lesion.volume_px for lesion in found.lesions if lesion.subtype is one.subtype)
        if one.probability != highest or (one.volume_px or 0) < listed:
            raise ValueError(
                f"expected {one.subtype} with probability {highest} and at least {listed} voxels, by its slices and "
                f"lesions, found {one.probability} and {one.volume_px}"
            )


def _require_agreeing_subtype_volumes(found: HemorrhageFindings) -> None:
    subtypes = found.subtypes or ()
    voxels = sum(one.volume_px or 0 for one in subtypes)
    if voxels != found.volume_px:
        raise ValueError(f"expected the subtypes' volumes to sum to {found.volume_px} voxels, found {voxels}")
    volumes = [one.volume_ml for one in subtypes]
    known = [one for one in volumes if one is not None]
    if found.volume_ml is None:
        agree = not known
    else:
        agree = len(known) == len(volumes) and abs(sum(known) - found.volume_ml) <= SUM_TOLERANCE_ML
    if not agree:
        raise ValueError(f"expected the subtypes' volumes to sum to {found.volume_ml} mL, found {volumes}")
