"""Renders the HTML pages: templates of this folder or another one, with the style and the macros of all pages."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from ichor.pages.blocks import Table
from ichor.pages.pictures.drawn import DrawnFigure

WIDE_PX = 900  # wider pictures take the full width: at half of the page their text would be too small


def rendered(package: str, name: str, **values: Any) -> str:
    """The template `name` in the folder of `package`, with these values; it may import from blocks.html.j2.

    `style` is the style sheet of all pages, followed by `package`'s own style.css, if it is another one.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    here = files("ichor.pages")
    rooms = (here,) if package == "ichor.pages" else (here, files(package))

    def load(asked: str) -> str | None:
        found = [room.joinpath(asked) for room in rooms if room.joinpath(asked).is_file()]
        return found[-1].read_text(encoding="utf-8") if found else None

    environment = Environment(
        loader=FunctionLoader(load), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"kind": _kind, "prose": _prose, "capital": _capital}
    sheets = [room.joinpath("style.css") for room in rooms]
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets if sheet.is_file())
    # Only our own files are marked as safe.
    return environment.get_template(name).render(style=Markup(style), wide_px=WIDE_PX, **values)  # noqa: S704


def _kind(block: str | Table | DrawnFigure) -> str:
    return type(block).__name__


def _prose(text: str) -> Any:
    """A paragraph with `code` marked up."""
    from markupsafe import Markup, escape

    parts = re.split(r"`([^`]+)`", text)
    marked = [Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts)]
    return Markup("").join(marked)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
