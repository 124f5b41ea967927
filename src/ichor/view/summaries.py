"""The content that the page shows of a result, from its findings."""

from __future__ import annotations

from typing import Any

from ichor.findings.parts import LesionFindings
from ichor.findings.schema import Findings
from ichor.subtypes import HEMORRHAGE_COLOUR, Subtype
from ichor.view.results import Listed
from ichor.windows import NAMED_WINDOWS


def row(number: int, one: Listed) -> dict[str, Any]:
    """One line of the list."""
    if one.findings is None:
        return {"number": number, "name": one.name, "reason": one.reason}
    found, scan = one.findings.hemorrhage, one.findings.scan
    return {
        "number": number,
        "name": one.name,
        "verdict": one.findings.tier.words,
        "present": found.present,
        "probability": found.probability,
        "volume_ml": found.volume_ml,
        "volume_px": found.volume_px,
        "n_lesions": found.n_lesions,
        "n_slices": scan.n_slices,
        "flagged": found.n_slices,
        "checks": [check.kind.value for check in scan.input_checks],
        "warnings": len(scan.warnings),
    }


def details(number: int, one: Listed) -> dict[str, Any]:
    """Everything that is shown of a result except the pixels."""
    assert one.findings is not None
    found = one.findings
    return {
        **row(number, one),
        "segments": found.method.segments,
        "threshold": found.method.threshold,
        "has_subtypes": found.hemorrhage.subtypes is not None,
        "messages": [*(check.message for check in found.scan.input_checks), *found.scan.warnings],
        "slices": [
            {"probability": each.probability, "flagged": each.flagged, "area_px": each.area_px} for each in found.slices
        ],
        "subtypes": [
            {"subtype": each.subtype, "probability": each.probability, "volume_ml": each.volume_ml}
            for each in found.hemorrhage.subtypes or ()
        ],
        "lesions": [lesion(k, each, found) for k, each in enumerate(found.hemorrhage.lesions, 1)],
        "gray_window": found.scan.gray_window,
        "colours": colours(found),
        "windows": [
            {"key": str(key), "name": name, "level": window.level, "width": window.width}
            for key, (name, window) in enumerate(NAMED_WINDOWS.items(), 1)
        ],
    }


def lesion(number: int, one: LesionFindings, found: Findings) -> dict[str, Any]:
    """One lesion. `title` is its subtype in words; `probability` the highest of its subtype, or else of its slices."""
    low, high = one.slices
    slices = found.slices[low : high + 1]
    if one.subtype is None:
        title, probability = "hemorrhage", max(each.probability for each in slices)
    else:
        title = " or ".join(each for each in (one.subtype, one.subtype_alternative) if each is not None)
        probability = max((each.subtypes or {}).get(one.subtype, 0.0) for each in slices)
    return {
        "number": number,
        "title": title,
        "subtype": one.subtype,
        "probability": round(probability, 4),
        "volume_ml": one.volume_ml,
        "volume_px": one.volume_px,
        "largest_diameter_mm": one.largest_diameter_mm,
        "slices": one.slices,
        "centre_slice": one.centre_slice,
        "side": one.side,
    }


def colours(found: Findings) -> list[dict[str, Any]]:
    """The labels of the mask with their names and colors."""
    if found.hemorrhage.subtypes is None:
        return [{"label": 1, "name": "ICH", "words": "Hemorrhage", "colour": HEMORRHAGE_COLOUR}]
    return [
        {"label": label, "name": one.value, "words": one.label, "colour": one.colour}
        for label, one in enumerate(Subtype, 1)
    ]
