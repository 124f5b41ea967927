"""about.yaml: the written description of a result, used for its page and for the card of its model.

title        the heading of the page
description  the experiment in one sentence
design       paragraphs: how the recipe was found, and how independent the metrics are of that
limits       paragraphs: known failures
links        further reading, each with a sentence on what it is

Paragraphs are Markdown without lists, separated by empty lines. Measured figures in these texts are enclosed in
`<!-- figure: NAME -->` and `<!-- end -->`, so that a command can fill them in.
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
    """Further reading: its name, location (a path relative to the result's folder, or a URL), and what it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    path: str = Field(min_length=1)
    says: str = ""


class AboutRun(BaseModel):
    """The content of about.yaml; every part is optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    description: str = ""
    design: str = ""
    limits: str = ""
    links: tuple[Link, ...] = ()


def read_about(folder: Path) -> AboutRun:
    """The about.yaml in a folder; empty if there is none. Raises BadConfig if it is malformed."""
    file = folder / ABOUT
    if not file.exists():
        return AboutRun()
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        return AboutRun() if found is None else AboutRun.model_validate(found)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadConfig(f"{file}: expected the description of a result, found {one_line(error)}") from error


def without_marks(text: str) -> str:
    """The text without the marks of figures, one line for each paragraph."""
    return "\n\n".join(" ".join(one.split()) for one in _MARK.sub("", text).strip().split("\n\n") if one.strip())
