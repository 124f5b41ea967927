"""Writes blocks as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from ichor.pages.blocks import Section, Table
from ichor.pages.pictures.drawn import DrawnFigure

WIDTH = 120


def markdown(sections: Sequence[Section], level: int = 2) -> str:
    """Sections one after another, with headings of the given level."""
    return "\n\n".join(f"{'#' * level} {section.title}\n\n{_blocks(section)}" for section in sections)


def table(one: Table) -> str:
    """A table, with its caption as a paragraph above it."""
    lines = [
        _row(one.columns),
        "|---" * len(one.columns) + "|",
        *(_row([str(c) for c in row]) for row in one.rows),
    ]
    return (f"{paragraph(one.caption)}\n\n" if one.caption else "") + "\n".join(lines)


def paragraph(text: str) -> str:
    """Text wrapped to the line length of the repository."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def paragraphs(text: str) -> str:
    """Paragraphs of Markdown, separated by empty lines, each wrapped in the same way."""
    return "\n\n".join(paragraph(" ".join(one.split())) for one in text.split("\n\n"))


def _blocks(section: Section) -> str:
    return "\n\n".join(_block(block) for block in section.blocks)


def _block(block: str | Table | DrawnFigure) -> str:
    match block:
        case Table():
            return table(block)
        case DrawnFigure():
            return f"![{block.alt}]({block.file})\n\n{paragraph(block.caption)}"
        case _:
            return paragraph(block)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
