"""The part of a scan's history that the reader may see."""

from __future__ import annotations

import json

from fastapi import APIRouter

from ichor.annotate.project import Change
from ichor.annotate.project.labels import from_json
from ichor.annotate.project.rules import may_see
from ichor.annotate.server.context import Answer, Reader, Scanned, Server
from ichor.subtypes import Subtype

router = APIRouter()

# The number of changes shown; the project keeps all of them.
MOST_ROWS = 2000
# The origin of a region that was not drawn by hand.
WORDS = {
    "calculated": " (calculated)",
    "ai": " (AI outline)",
    "ai accepted": " (AI outline, accepted)",
    "ai edited": " (AI outline, edited)",
}
NAMES = (*Subtype, "hemorrhage, subtype not specified")


@router.get("/api/scans/{scan_id}/history")
def history(scan: Scanned, reader: Reader, server: Server) -> list[Answer]:
    """The changes to the subject and to the layers that the reader may see, newest first."""
    states = server.states(scan.id)
    layers = [name for name in states if may_see(reader, name, states, server.people)]
    return [_shown(one) for one in server.project.recent(scan.id, layers, MOST_ROWS)]


def _shown(change: Change) -> Answer:
    return {
        "who": change.who,
        "when": change.at,
        "layer": change.layer or None,
        "slice": change.slice,
        "kind": change.kind,
        "revision": change.revision,
        "text": _text(change),
    }


def _text(change: Change) -> str:
    """A short description of a change."""
    if change.kind == "map":
        drawn = [NAMES[label - 1] + WORDS.get(change.origins[label], "") for label in sorted(change.drawn)]
        return f"drew {', '.join(drawn)}" if drawn else "erased all"
    if change.kind == "labels":
        labels = from_json(change.payload)
        said = [*labels.subtypes, *labels.quality]
        said += (
            ["fracture"] * labels.fracture + ["no hemorrhage"] * labels.no_hemorrhage + ["a note"] * bool(labels.note)
        )
        if labels.rulers:
            said.append("a ruler" if len(labels.rulers) == 1 else f"{len(labels.rulers)} rulers")
        text = f"labeled {', '.join(said)}" if said else "no labels"
        return f"rejected the AI outline, {text}" if labels.ai_rejected else text
    if change.kind == "state":
        return f"set to {json.loads(change.payload)}"
    return "edited the subject"
