"""Who is reading, and what the page needs to draw with."""

from __future__ import annotations

from fastapi import APIRouter

from ichor.annotate.project import UNSTATED
from ichor.annotate.server.context import Answer, Reader, Server
from ichor.subtypes import Subtype
from ichor.windows import NAMED_WINDOWS

router = APIRouter()

# Told apart in the common forms of colour blindness and on gray: Okabe and Ito (2008), Color Universal Design.
COLOURS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00")
KEYS = ("brain", "bone", "subdural", "stroke")


@router.get("/api/me")
def me(reader: Reader, server: Server) -> Answer:
    """The reader's name, the labels with their colours, the gray windows with their keys, whether there is a model."""
    names = [*((one.value, one.label) for one in Subtype), ("ICH", "Hemorrhage of no stated subtype")]
    return {
        "reader": reader,
        "subtypes": [
            {"label": label, "name": name, "words": words, "colour": colour}
            for label, (name, words), colour in zip(range(1, UNSTATED + 1), names, COLOURS, strict=True)
        ],
        "windows": [
            {
                "key": str(key),
                "name": name,
                "level": NAMED_WINDOWS[name].level,
                "width": NAMED_WINDOWS[name].width,
            }
            for key, name in enumerate(KEYS, 1)
        ],
        "machine": server.machine.is_there,
    }
