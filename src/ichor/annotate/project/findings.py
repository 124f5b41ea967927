"""What a finished layer says of each slice: hemorrhage, none, or nothing, because nobody has looked at it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Literal

from ichor.annotate.project.labels import labels_of
from ichor.annotate.project.records import LayerState, StatedLabels

# "unknown": finished with a version of Ichor that did not note what was looked at, and nothing is stated.
Finding = Literal["hemorrhage", "no hemorrhage", "unread", "unknown"]


def slice_findings(layer: LayerState, n_slices: int, looked: AbstractSet[int] | None) -> tuple[Finding, ...]:
    """The finding on each slice; `looked` are the slices that were looked at, None where that was not noted.

    A negative is stated of a slice, or of the scan and the slice was looked at, or the slice was looked at by whoever
    finished the layer and drew or labelled nothing on it.
    """
    return tuple(_finding(layer, k, looked) for k in range(n_slices))


def is_negative(layer: LayerState) -> bool:
    """Whether there is no hemorrhage in a layer: no region, and no subtype on any level."""
    return not labels_of(layer, None).subtypes and not any(one.drawn for one in layer.maps.values())


def states_negative(layer: LayerState) -> bool:
    """Whether a negative layer says so of the whole scan."""
    return is_negative(layer) and _stated(layer, None)


def _finding(layer: LayerState, k: int, looked: AbstractSet[int] | None) -> Finding:
    if labels_of(layer, k).subtypes or (k in layer.maps and layer.maps[k].drawn):
        return "hemorrhage"
    if _stated(layer, k) or (states_negative(layer) if looked is None else k in looked):
        return "no hemorrhage"
    return "unknown" if looked is None else "unread"


def _stated(layer: LayerState, index: int | None) -> bool:
    return layer.stated.get(index, StatedLabels()).labels.no_hemorrhage
