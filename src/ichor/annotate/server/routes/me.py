"""Who is reading, and what the page needs to draw with."""

from __future__ import annotations

from fastapi import APIRouter

from ichor.annotate.project import UNSTATED
from ichor.annotate.server.context import Answer, Reader, Server
from ichor.subtypes import Subtype
from ichor.windows import NAMED_WINDOWS

router = APIRouter()

UNSTATED_COLOUR = "#d55e00"  # the sixth of the palette that the subtypes' colours are from
KEYS = ("brain", "bone", "subdural", "stroke")


@router.get("/api/me")
def me(reader: Reader, server: Server) -> Answer:
    """The reader's name, the labels with their colours, the gray windows with their keys, whether there is a model."""
    drawn = [
        *((one.value, one.label, one.colour) for one in Subtype),
        ("ICH", "Hemorrhage, subtype not specified", UNSTATED_COLOUR),
    ]
    return {
        "reader": reader,
        "role": server.people.role(reader),
        "logs_in": server.sessions.entered == "password",
        "sees_project": server.people.sees_project(reader),
        "subtypes": [
            {"label": label, "name": name, "words": words, "colour": colour}
            for label, (name, words, colour) in zip(range(1, UNSTATED + 1), drawn, strict=True)
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
