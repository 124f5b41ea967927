"""The failure atlas: crops around the worst failures of one kind, each with its possible reasons."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from ichor.pages.pictures.ct import BLUE_SOLID, ORANGE_DOTTED, bar, heading, show
from ichor.pages.pictures.style import ATTRIBUTION, MUTED, small_print, styled
from ichor.pages.pictures.views import View

_COLUMNS = 4
_LETTERS = 36  # per line below a crop
# Inches.
_CROP, _GAP, _EDGE = 1.72, 0.13, 0.08
_LINE, _TITLE, _HEADING, _FOOT = 0.125, 0.24, 0.26, 0.16


@dataclass(frozen=True, eq=False)
class Failure:
    """A crop around a failure, its title, the possible reason found by `reasons`, and the measurements behind it."""

    view: View
    title: str
    reason: str
    measured: str


@styled
def atlas(title: str, failures: Sequence[Failure]) -> Figure:
    """Draw failures, worst first, in rows of four. Raises ValueError if there are none."""
    if not failures:
        raise ValueError("expected failures to draw, found none")
    rows = [failures[first : first + _COLUMNS] for first in range(0, len(failures), _COLUMNS)]
    heights = [_TITLE + _CROP + _LINE * (1.6 + max(len(_lines(one)) for one in row)) for row in rows]
    width, height = 2 * _EDGE + _COLUMNS * (_CROP + _GAP) - _GAP, _HEADING + sum(heights) + _FOOT
    # Positions are computed rather than left to a layout, so that all crops get the same size.
    figure = Figure(figsize=(width, height))
    top = height - _HEADING
    for row, row_height in zip(rows, heights, strict=True):
        for column, failure in enumerate(row):
            left = _EDGE + column * (_CROP + _GAP)
            _draw(figure, failure, (left / width, (top - _TITLE - _CROP) / height, _CROP / width, _CROP / height))
        top -= row_height
    heading(figure, title, ORANGE_DOTTED, BLUE_SOLID)
    small_print(figure, ATTRIBUTION)
    return figure


def _draw(figure: Figure, failure: Failure, place: tuple[float, float, float, float]) -> None:
    """Draw one failure at (left, bottom, width, height) of the figure, with its title and text."""
    axes, view = figure.add_axes(place), failure.view
    show(axes, view, (view.reference, ORANGE_DOTTED), (view.predicted, BLUE_SOLID))
    bar(axes, view)
    axes.set_title(failure.title, fontsize=7)
    lines = _lines(failure)
    for number, line in enumerate(lines):
        color = MUTED if number == len(lines) - 1 else None
        axes.text(
            0, -(0.3 + number) * _LINE / _CROP, line, fontsize=6.5, va="top", color=color, transform=axes.transAxes
        )


def _lines(failure: Failure) -> list[str]:
    """The lines below a crop, with the measurements in the last one."""
    no_break = failure.reason.replace(" %", "\N{NO-BREAK SPACE}%")
    return [*textwrap.wrap(no_break, _LETTERS), failure.measured]
