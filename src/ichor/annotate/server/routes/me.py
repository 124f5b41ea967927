"""The reader, and the labels, colors and gray windows of the page."""

from __future__ import annotations

from fastapi import APIRouter

from ichor.annotate.project import UNSTATED
from ichor.annotate.server.context import Answer, Reader, Server
from ichor.subtypes import HEMORRHAGE_COLOUR, Subtype
from ichor.windows import NAMED_WINDOWS

router = APIRouter()

KEYS = ("brain", "bone", "subdural", "stroke")


@router.get("/api/me")
def me(reader: Reader, server: Server) -> Answer:
    """The reader's name, the labels with their colors, the gray windows with their keys, whether there is a model."""
    drawn = [
        *((one.value, one.label, one.colour) for one in Subtype),
        ("ICH", "Hemorrhage, subtype not specified", HEMORRHAGE_COLOUR),
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
