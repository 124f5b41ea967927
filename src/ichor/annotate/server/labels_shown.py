"""Labels as the page shows them: those that were entered and those that regions and slices imply."""

from __future__ import annotations

from ichor.annotate.project.labels import implied_fracture, implied_subtypes, labels_of
from ichor.annotate.project.records import LayerState, StatedLabels
from ichor.annotate.server.context import Answer
from ichor.subtypes import Subtype


def shown_labels(layer: LayerState, index: int | None) -> Answer:
    """The labels of a slice, or (None) of the scan; what is implied cannot be unticked."""
    labels = labels_of(layer, index)
    implied = implied_subtypes(layer, index)
    return {
        "subtypes": list(labels.subtypes),
        "fracture": labels.fracture,
        "no_hemorrhage": labels.no_hemorrhage,
        "quality": list(labels.quality),
        "note": labels.note,
        "ai_rejected": labels.ai_rejected,
        "revision": layer.stated.get(index, StatedLabels()).revision,
        "implied": [one for one in Subtype if one in implied],
        "implied_fracture": implied_fracture(layer, index),
    }
