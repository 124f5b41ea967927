"""The finding on each slice of a finished layer: hemorrhage, no hemorrhage, or unread."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Literal

from ichor.annotate.project.labels import labels_of
from ichor.annotate.project.records import LayerState, StatedLabels

# "unknown": not labeled, and finished with a version of Ichor that did not record which slices were viewed.
Finding = Literal["hemorrhage", "no hemorrhage", "unread", "unknown"]


def slice_findings(layer: LayerState, n_slices: int, looked: AbstractSet[int] | None) -> tuple[Finding, ...]:
    """The finding on each slice; `looked` holds the slices that were viewed, None if that was not recorded.

    A slice is negative if it is labeled so, or if it was viewed and has no region or subtype.
    """
    return tuple(_finding(layer, k, looked) for k in range(n_slices))


def is_negative(layer: LayerState) -> bool:
    """Whether a layer has neither a region nor a subtype of a slice or the scan."""
    return not labels_of(layer, None).subtypes and not any(one.drawn for one in layer.maps.values())


def states_negative(layer: LayerState) -> bool:
    """Whether a negative layer also labels the whole scan as free of hemorrhage."""
    return is_negative(layer) and _stated(layer, None)


def _finding(layer: LayerState, k: int, looked: AbstractSet[int] | None) -> Finding:
    if labels_of(layer, k).subtypes or (k in layer.maps and layer.maps[k].drawn):
        return "hemorrhage"
    if _stated(layer, k) or (states_negative(layer) if looked is None else k in looked):
        return "no hemorrhage"
    return "unknown" if looked is None else "unread"


def _stated(layer: LayerState, index: int | None) -> bool:
    return layer.stated.get(index, StatedLabels()).labels.no_hemorrhage
