"""Whether findings agree with themselves: slices, counts and totals must tell the same story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ichor.findings.measurements import MOST_LESIONS
from ichor.subtypes import Subtype

if TYPE_CHECKING:
    from ichor.findings.schema import Findings

# Volumes are rounded to 1e-6 mL, each by itself.
SUM_WITHIN_ML = 1e-5


def require_agreement(findings: Findings) -> None:
    """Raise ValueError, in one line, where one part of the findings contradicts another."""
    n = findings.scan.n_slices
    if [one.index for one in findings.slices] != list(range(n)):
        raise ValueError(f"expected slices 0 to {n - 1} in order, found {len(findings.slices)}")
    if findings.method.segments:
        _require_agreeing_areas(findings)
        _require_agreeing_lesions(findings)
    else:
        _require_nothing_outlined(findings)
    _require_agreeing_flags(findings)
    _require_agreeing_subtypes(findings)
    if findings.verdict is not None:
        findings.verdict.require_agreement(findings.hemorrhage.probability, findings.hemorrhage.present)


def _require_agreeing_areas(findings: Findings) -> None:
    areas = [one.area_px for one in findings.slices]
    if any(area is None or (area > 0) != one.flagged for area, one in zip(areas, findings.slices, strict=True)):
        raise ValueError("expected slices to be flagged where pixels of them are marked, found others")
    voxels = sum(area or 0 for area in areas)
    if findings.hemorrhage.volume_px != voxels:
        raise ValueError(
            f"expected volume_px to agree with the slices' {voxels}, found {findings.hemorrhage.volume_px}"
        )


def _require_agreeing_flags(findings: Findings) -> None:
    flagged = sum(one.flagged for one in findings.slices)
    stated = (findings.hemorrhage.n_slices, findings.hemorrhage.present)
    if stated != (flagged, flagged > 0):
        raise ValueError(f"expected n_slices and present to agree with {flagged} slices flagged, found {stated}")


def _require_agreeing_lesions(findings: Findings) -> None:
    found = findings.hemorrhage
    if found.n_lesions is None or found.volume_px is None:
        raise ValueError("expected the number of lesions of a method that outlines them, found none")
    listed = min(found.n_lesions, MOST_LESIONS)
    voxels = sum(one.volume_px for one in found.lesions)
    rest = found.volume_px - voxels
    if len(found.lesions) != listed or (rest != 0 if found.n_lesions == listed else rest <= 0):
        raise ValueError(
            f"expected {listed} lesions with at most {found.volume_px} voxels, found {len(found.lesions)} with {voxels}"
        )


def _require_nothing_outlined(findings: Findings) -> None:
    found = findings.hemorrhage
    measured = [found.volume_px, found.volume_ml, found.n_lesions, found.largest_diameter_mm, found.abc2_ml]
    measured += [value for one in findings.slices for value in (one.area_px, one.area_mm2)]
    measured += [value for one in found.subtypes or () for value in (one.volume_px, one.volume_ml)]
    if found.lesions or any(value is not None for value in measured):
        raise ValueError("expected no volume, area or lesion from a method that only detects hemorrhage, found some")


def _require_agreeing_subtypes(findings: Findings) -> None:
    """Raise ValueError where subtypes are given here and not there, or disagree with slices and lesions."""
    found, slices = findings.hemorrhage, findings.slices
    parts = [one.subtypes for one in slices] + [one.subtype for one in found.lesions]
    if any((part is None) != (found.subtypes is None) for part in parts):
        raise ValueError("expected subtypes of the scan, of every slice and of every lesion or none, found some")
    for lesion in found.lesions:
        if (other := lesion.subtype_alternative) is not None and lesion.subtype in (None, other):
            raise ValueError(f"expected a second subtype besides {lesion.subtype} of a lesion, found {other}")
    if found.subtypes is None:
        return
    if [one.subtype for one in found.subtypes] != list(Subtype):
        raise ValueError(f"expected the subtypes {', '.join(Subtype)} in order, found others")
    for one in found.subtypes:
        highest = max(each.subtypes[one.subtype] for each in slices if each.subtypes is not None)
        listed = sum(lesion.volume_px for lesion in found.lesions if lesion.subtype is one.subtype)
        if one.probability != highest or (one.volume_px or 0) < listed:
            raise ValueError(
                f"expected {one.subtype} of probability {highest} and at least {listed} voxels, as slices and lesions "
                f"have it, found {one.probability} and {one.volume_px}"
            )
    if findings.method.segments:
        _require_agreeing_subtype_volumes(findings)


def _require_agreeing_subtype_volumes(findings: Findings) -> None:
    found, subtypes = findings.hemorrhage, findings.hemorrhage.subtypes or ()
    voxels = sum(one.volume_px or 0 for one in subtypes)
    if voxels != found.volume_px:
        raise ValueError(f"expected the subtypes' volumes to sum to {found.volume_px} voxels, found {voxels}")
    volumes = [one.volume_ml for one in subtypes]
    known = [one for one in volumes if one is not None]
    if found.volume_ml is None:
        agree = not known
    else:
        agree = len(known) == len(volumes) and abs(sum(known) - found.volume_ml) <= SUM_WITHIN_ML
    if not agree:
        raise ValueError(f"expected the subtypes' volumes to sum to {found.volume_ml} mL, found {volumes}")
