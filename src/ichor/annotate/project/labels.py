"""How labels of slices, labels of the scan and drawn regions are kept consistent.

What a reader states is stored; what it implies is derived whenever it is needed, so that erasing a region also removes
what it implied. A region's subtype applies to its slice, and a slice's subtypes and fracture apply to the scan. \"No
hemorrhage\" applies only if no hemorrhage is stated or drawn.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from ichor.annotate.project.records import Labels, LayerState, Ruler, StatedLabels
from ichor.subtypes import Subtype

SUBTYPES = tuple(Subtype)


def labels_of(layer: LayerState, index: int | None) -> Labels:
    """The labels of a slice, or (None) of the scan, with everything that others imply."""
    stated = layer.stated.get(index, StatedLabels()).labels
    subtypes = _in_order(frozenset(stated.subtypes) | implied_subtypes(layer, index))
    none_stated = stated.no_hemorrhage
    if index is not None and layer.stated.get(None, StatedLabels()).labels.no_hemorrhage:
        none_stated = none_stated or labels_of(layer, None).no_hemorrhage
    return replace(
        stated,
        subtypes=subtypes,
        fracture=stated.fracture or implied_fracture(layer, index),
        no_hemorrhage=none_stated and not subtypes and not _is_drawn(layer, index),
    )


def implied_subtypes(layer: LayerState, index: int | None) -> frozenset[Subtype]:
    """The subtypes implied by regions (and, for the scan, by its slices); they cannot be unticked."""
    if index is not None:
        drawn = layer.maps[index].drawn if index in layer.maps else frozenset()
        return frozenset(SUBTYPES[label - 1] for label in drawn if label <= len(SUBTYPES))
    of_slices = (stated.labels.subtypes for k, stated in layer.stated.items() if k is not None)
    return frozenset().union(*of_slices, *(implied_subtypes(layer, k) for k in layer.maps))


def implied_fracture(layer: LayerState, index: int | None) -> bool:
    """Whether a fracture on a slice implies one for the scan."""
    return index is None and any(one.labels.fracture for k, one in layer.stated.items() if k is not None)


def stated_anew(layer: LayerState, index: int | None, asked: Labels) -> Labels:
    """The labels to store when a reader who was shown `labels_of` requests `asked` instead.

    Implied labels, such as the scan's "no hemorrhage" on a slice, stay implied and do not become stated when they are
    sent back. Subtypes and "no hemorrhage" exclude each other: the new one wins, and a drawn region wins over both.
    """
    before = layer.stated.get(index, StatedLabels()).labels
    implied = implied_subtypes(layer, index)
    subtypes = (frozenset(asked.subtypes) - implied) | (frozenset(before.subtypes) & implied)
    no_hemorrhage = asked.no_hemorrhage and not implied and not _is_drawn(layer, index)
    if no_hemorrhage and not before.no_hemorrhage and labels_of(layer, index).no_hemorrhage:
        no_hemorrhage = False
    if no_hemorrhage and subtypes:
        no_hemorrhage = not before.no_hemorrhage
        subtypes = frozenset() if no_hemorrhage else subtypes
    fracture = before.fracture if implied_fracture(layer, index) else asked.fracture
    return replace(asked, subtypes=_in_order(subtypes), fracture=fracture, no_hemorrhage=no_hemorrhage)


def agreed(labels: Sequence[Labels], choice: str) -> Labels:
    """The labels that readers share: with "majority" those that more than half of them state, otherwise those of all.

    Notes are kept only from a single reader.
    """
    needed = len(labels) // 2 + 1 if choice == "majority" else len(labels)
    remarks = dict.fromkeys(one for each in labels for one in each.quality)
    return Labels(
        subtypes=tuple(one for one in SUBTYPES if sum(one in each.subtypes for each in labels) >= needed),
        fracture=sum(each.fracture for each in labels) >= needed,
        no_hemorrhage=sum(each.no_hemorrhage for each in labels) >= needed,
        quality=tuple(one for one in remarks if sum(one in each.quality for each in labels) >= needed),
        note=labels[0].note if len(labels) == 1 else "",
        rulers=labels[0].rulers if len(labels) == 1 else (),
    )


def as_json(labels: Labels) -> str:
    """Labels as they are stored."""
    kept: dict[str, object] = {
        "subtypes": list(labels.subtypes),
        "fracture": labels.fracture,
        "no_hemorrhage": labels.no_hemorrhage,
        "quality": list(labels.quality),
        "note": labels.note,
        **({"ai_rejected": True} if labels.ai_rejected else {}),
    }
    if labels.rulers:
        kept["rulers"] = [[*one.start, *one.end] for one in labels.rulers]
    return json.dumps(kept, ensure_ascii=False)


def from_json(text: str) -> Labels:
    """The labels of `as_json`."""
    kept = json.loads(text)
    return Labels(
        subtypes=tuple(Subtype(one) for one in kept["subtypes"]),
        fracture=kept["fracture"],
        no_hemorrhage=kept["no_hemorrhage"],
        quality=tuple(kept["quality"]),
        note=kept["note"],
        rulers=tuple(Ruler((x0, y0), (x1, y1)) for x0, y0, x1, y1 in kept.get("rulers", ())),
        ai_rejected=kept.get("ai_rejected", False),
    )


def _is_drawn(layer: LayerState, index: int | None) -> bool:
    """Whether there is any region, with or without a subtype."""
    if index is None:
        return any(one.drawn for one in layer.maps.values())
    return index in layer.maps and bool(layer.maps[index].drawn)


def _in_order(subtypes: frozenset[Subtype]) -> tuple[Subtype, ...]:
    return tuple(one for one in SUBTYPES if one in subtypes)
