"""What the page says of a result, from its findings."""

from __future__ import annotations

from typing import Any

import numpy as np

from ichor.findings.schema import Findings, LesionFindings
from ichor.subtypes import Subtype
from ichor.view.results import Listed
from ichor.windows import NAMED_WINDOWS

# The second subtype is named beside the first where its probability is at least this share of it.
CLOSE = 0.5
NO_SUBTYPE_COLOUR = "#d55e00"  # the sixth of the palette that the subtypes' colours are from


def row(number: int, one: Listed) -> dict[str, Any]:
    """One line of the list."""
    if one.findings is None:
        return {"number": number, "name": one.name, "reason": one.reason}
    found, scan = one.findings.hemorrhage, one.findings.scan
    return {
        "number": number,
        "name": one.name,
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
    """All that is said of a result but the pixels."""
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
    """One lesion; `said` is its subtype in words, `probability` that of the subtype or, without any, of its slices."""
    ranked = ranked_subtypes(one, found)
    low, high = one.slices
    if ranked:
        first, second = ranked[:2]
        said = f"{first[0]} or {second[0]}" if second[1] >= CLOSE * first[1] else str(first[0])
        probability = first[1]
    else:
        said, probability = "hemorrhage", max(each.probability for each in found.slices[low : high + 1])
    return {
        "number": number,
        "said": said,
        "subtype": one.subtype,
        "probability": round(probability, 4),
        "volume_ml": one.volume_ml,
        "volume_px": one.volume_px,
        "largest_diameter_mm": one.largest_diameter_mm,
        "slices": one.slices,
        "centre_slice": one.centre_slice,
        "side": one.side,
    }


def ranked_subtypes(one: LesionFindings, found: Findings) -> list[tuple[Subtype, float]]:
    """The subtypes by their mean probability over the lesion's slices, the highest first; none without subtypes.

    Each slice is weighted by its marked pixels, since findings do not say how many of them are this lesion's. Where
    that puts another subtype first than the lesion's own, the lesion's own stays first.
    """
    if one.subtype is None:
        return []
    slices = found.slices[one.slices[0] : one.slices[1] + 1]
    weights = np.array([each.area_px or 0 for each in slices], np.float64)
    told = np.array([[(each.subtypes or {}).get(subtype, 0.0) for subtype in Subtype] for each in slices])
    means = told.mean(axis=0) if not weights.any() else weights @ told / weights.sum()
    pairs = [(subtype, float(mean)) for subtype, mean in zip(Subtype, means, strict=True)]
    return sorted(pairs, key=lambda pair: (pair[0] != one.subtype, -pair[1]))


def colours(found: Findings) -> list[dict[str, Any]]:
    """The labels of the mask with their names and colours."""
    if found.hemorrhage.subtypes is None:
        return [{"label": 1, "name": "ICH", "words": "Hemorrhage", "colour": NO_SUBTYPE_COLOUR}]
    return [
        {"label": label, "name": one.value, "words": one.label, "colour": one.colour}
        for label, one in enumerate(Subtype, 1)
    ]
