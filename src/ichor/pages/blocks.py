"""What a page is made of, whether it becomes Markdown or HTML."""

from __future__ import annotations

from dataclasses import dataclass

from ichor.pages.pictures.drawn import DrawnFigure


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure in a table.

    Attributes:
        value: the figure in words.
        interval: its 95 % interval in words; empty where it has none or has it in another column.
        verdict: what a comparison with the paper says; empty where there is none.
    """

    value: str
    interval: str = ""
    verdict: str = ""

    def __str__(self) -> str:
        text = f"{self.value} ({self.interval})" if self.interval else self.value
        return ", ".join(part for part in (text, self.verdict) if part)


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has as many cells as there are columns, the first of them the row's name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; a string is a paragraph, in which only `code` is marked."""

    title: str
    blocks: tuple[str | Table | DrawnFigure, ...]
