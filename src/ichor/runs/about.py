"""about.yaml: what people say of a result beside its figures. Its page, and the card of its model, are made with it.

title        the heading of the page
description  what the experiment is, in one sentence
design       paragraphs: how the recipe was found, and how far its figures are independent of that
limits       paragraphs: where it fails, as far as that was measured
links        what else to read, each with a sentence on what it is

Paragraphs are Markdown without lists, parted by empty lines. Measured figures in these texts stand between marks,
`<!-- figure: NAME -->` and `<!-- end -->`, so that a command can fill them.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ichor.errors import BadConfig
from ichor.models.package import one_line

ABOUT = "about.yaml"
_MARK = re.compile(r"<!-- .*? -->")


class Link(BaseModel):
    """What else to read: its name, where it lies (a path from the result's folder, or an address), and what it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    path: str = Field(min_length=1)
    says: str = ""


class AboutRun(BaseModel):
    """What about.yaml holds; every part may be missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    description: str = ""
    design: str = ""
    limits: str = ""
    links: tuple[Link, ...] = ()


def read_about(folder: Path) -> AboutRun:
    """The about.yaml in a folder; empty where there is none. Raises BadConfig if it is not as it should be."""
    file = folder / ABOUT
    if not file.exists():
        return AboutRun()
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        return AboutRun() if found is None else AboutRun.model_validate(found)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadConfig(f"{file}: expected what is said of a result, found {one_line(error)}") from error


def without_marks(text: str) -> str:
    """A text for a page, in which nothing is filled any more, a line for each paragraph."""
    return "\n\n".join(" ".join(one.split()) for one in _MARK.sub("", text).strip().split("\n\n") if one.strip())
