"""Draws a view of CT with outlines and a scale bar of 1 cm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from ichor.pages.pictures.views import View

_BAR_MM = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """The style of an outline, and its label in the legend."""

    label: str
    color: str
    style: Literal["solid"] | tuple[float, tuple[float, ...]]
    width: float = 1.2


# The paper's colors for Figures 4 and 5; the line styles differ for red-green color blindness.
RED_DOTTED = Line("radiologists", "#ff3b30", (0, (1, 1.2)))
GREEN_DASHED = Line("this method", "#34e36b", (0, (4, 1.6)))
# Elsewhere colors that are safe for color blindness, also on gray.
ORANGE_DOTTED = Line("radiologists", "#ffb000", (0, (1, 1.2)))
BLUE_SOLID = Line("this method", "#4cc3ff", "solid", 1.0)


def show(axes: Axes, view: View, *outlines: tuple[NDArray[np.bool_], Line]) -> None:
    """Draw a view in the brain window with the outlines of masks on its pixels."""
    _frame(axes)
    axes.imshow(view.gray, cmap="gray", vmin=0, vmax=255, interpolation="lanczos", aspect=_aspect(view))
    for mask, line in outlines:
        axes.add_collection(
            LineCollection(
                _contours(mask), colors=line.color, linestyles=[line.style], linewidths=line.width, capstyle="butt"
            )
        )
    axes.set(xlim=(-0.5, view.gray.shape[1] - 0.5), ylim=(view.gray.shape[0] - 0.5, -0.5))


def show_probability(axes: Axes, view: View) -> None:
    """Draw a view's probability, black at 0 and white at 1. Raises ValueError if the view has none."""
    if view.probability is None:
        raise ValueError(f"expected a probability of {view.name}, found none")
    _frame(axes)
    axes.imshow(view.probability, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect=_aspect(view))


def bar(axes: Axes, view: View) -> None:
    """Draw a scale bar of 1 cm in the lower left, if the pixel size is known."""
    if view.pixel_mm is None:
        return
    rows, columns = view.gray.shape
    x, y = 0.05 * columns, 0.95 * rows
    line, words = (withStroke(linewidth=width, foreground="black") for width in (2.6, 1.2))  # bone is white too
    end = x + _BAR_MM / view.pixel_mm[1]
    axes.plot([x, end], [y, y], color="white", linewidth=1.6, solid_capstyle="butt", path_effects=[line])
    axes.text(x, y - 0.025 * rows, "1 cm", color="white", fontsize=6, va="bottom", path_effects=[words])


def heading(figure: Figure, title: str, *lines: Line) -> None:
    """Draw the title, and on its right the legend of outlines; on dark, since the lines are bright for CT."""
    figure.suptitle(title, fontsize=9, fontweight="bold", x=0.01, ha="left")
    figure.legend(
        handles=[Line2D([], [], color=one.color, linestyle=one.style, linewidth=1.6, label=one.label) for one in lines],
        loc="upper right",
        borderaxespad=0.3,
        borderpad=0.3,
        ncols=len(lines),
        fontsize=7,
        frameon=True,
        facecolor="#303030",
        framealpha=1,
        edgecolor="none",
        labelcolor="white",
    )


def _frame(axes: Axes) -> None:
    axes.grid(visible=False)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _aspect(view: View) -> float:
    return 1.0 if view.pixel_mm is None else view.pixel_mm[0] / view.pixel_mm[1]


def _contours(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Lines (points, 2) as (column, row) around the pixels of a mask, closed at the border of the view."""
    lines = contour_generator(z=np.pad(mask.astype(np.float32), 1)).lines(0.5)
    return [np.asarray(line, np.float64) - 1 for line in lines]
