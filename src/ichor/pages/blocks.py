"""The parts of a page, for Markdown and HTML."""

from __future__ import annotations

from dataclasses import dataclass

from ichor.pages.pictures.drawn import DrawnFigure


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure in a table.

    Attributes:
        value: the figure as text.
        interval: its 95 % interval as text; empty if there is none or if it is in another column.
        verdict: the verdict of the comparison with the paper; empty if there is none.
    """

    value: str
    interval: str = ""
    verdict: str = ""

    def __str__(self) -> str:
        text = f"{self.value} ({self.interval})" if self.interval else self.value
        return ", ".join(part for part in (text, self.verdict) if part)


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has one cell for each column, the first of which is the row's name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its content; a string is a paragraph, in which only `code` is marked up."""

    title: str
    blocks: tuple[str | Table | DrawnFigure, ...]
