"""ROC curves of slices and scans, with the paper's operating points and ours by the same rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ichor.pages.paper import TABLE_6
from ichor.pages.pictures.curves import GRID, Scored, roc
from ichor.pages.pictures.style import DASHED, EDGE, OURS, PAPER, legend_below, note, panels, styled, unit_square

# (threshold, sensitivity, specificity)
Point = tuple[float, float, float]

_APART = 0.04  # the labels of closer points would overlap


@styled
def roc_figure(cases: Sequence[Scored], points: Sequence[Point], auc: Mapping[str, str]) -> Figure:
    """Draw a panel for slices and one for scans, the former with the paper's Table 6 and `points`, ours by the same
    rule, if there are any.

    `auc` has each panel's area as text. Raises ValueError if a class is absent.
    """
    figure, axes = panels(len(cases), width=3.6 * len(cases), height=4.75)
    for one, each in zip(axes, cases, strict=True):
        curve = roc(each)
        one.plot([0, 1], [0, 1], **DASHED)
        one.fill_between(GRID, curve.low, curve.high, color=OURS, alpha=0.16, linewidth=0, label="95 % band")
        one.plot(curve.x, curve.y, color=OURS, label=f"AUC {auc[each.name]}")
        if each.name == "slices" and points:
            paper = [(row.threshold, row.sensitivity, row.specificity) for row in TABLE_6]
            _draw_points(one, points, OURS, "o", "this method, more than 400 px", (5, -7), "left")
            _draw_points(one, paper, PAPER, "D", "paper's Table 6, more than 400 px", (-5, 4), "right")
        unit_square(one, "1 - specificity", "sensitivity")
        one.set_title(f"{each.name.capitalize()} ({each.truth.sum()} of {len(each.truth)} with hemorrhage)")
        legend_below(one)
    return figure


def _draw_points(
    axes: Axes,
    points: Sequence[Point],
    color: str,
    marker: str,
    label: str,
    away: tuple[float, float],
    side: Literal["left", "right"],
) -> None:
    """Draw operating points by voxel threshold, joined; the first and the last are labeled, `away` from them."""
    x, y = [1 - specificity for _, _, specificity in points], [sensitivity for _, sensitivity, _ in points]
    joined: dict[str, Any] = {"linewidth": 0.8, "linestyle": (0, (1, 1.5)), "markersize": 4.5, **EDGE}
    axes.plot(x, y, color=color, marker=marker, label=label, **joined)
    how: dict[str, Any] = {"ha": side, "color": color}
    note(axes, f"{points[0][0]:g}", (x[0], y[0]), away, **how)
    if np.hypot(x[0] - x[-1], y[0] - y[-1]) > _APART:
        note(axes, f"{points[-1][0]:g}", (x[-1], y[-1]), away, **how)
