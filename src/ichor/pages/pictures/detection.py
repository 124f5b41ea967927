"""ROC and precision-recall curves of scans, with the points at which calls are made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ichor.pages.pictures.curves import GRID, Curve, Scored, precision_over_recall, roc
from ichor.pages.pictures.style import DASHED, EDGE, GREEN, OURS, RED, legend_below, panels, styled, unit_square

_MARKS = (("o", GREEN), ("D", RED), ("s", OURS))


@styled
def detection_figure(cases: Scored, calls: Mapping[str, NDArray[np.bool_]], auc: str, average_precision: str) -> Figure:
    """Draw both curves with their 95 % bands; `calls` has (N,) which cases each call makes positive, by name.

    The areas are given as text. Raises ValueError if a class is absent.
    """
    figure, (left, right) = panels(2, width=7.2, height=4.75)
    truth = cases.truth
    left.plot([0, 1], [0, 1], **DASHED)
    _draw(left, roc(cases), f"AUC {auc}")
    right.axhline(float(truth.mean()), **DASHED)
    _draw(right, precision_over_recall(cases), f"average precision {average_precision}")
    for (name, called), (marker, color) in zip(calls.items(), _MARKS, strict=False):
        found, alarms = float(called[truth].mean()), float(called[~truth].mean())
        point = {"linestyle": "", "marker": marker, "color": color, "markersize": 6, "label": name, "zorder": 4, **EDGE}
        left.plot([alarms], [found], **point)
        if called.any():
            right.plot([found], [float(truth[called].mean())], **point)
    for axes, title, x, y in (
        (left, "ROC curve", "1 - specificity", "sensitivity"),
        (right, "Precision and recall", "sensitivity (recall)", "positive predictive value (precision)"),
    ):
        unit_square(axes, x, y)
        axes.set_title(title)
        legend_below(axes)
    return figure


def _draw(axes: Axes, curve: Curve, label: str) -> None:
    axes.fill_between(GRID, curve.low, curve.high, color=OURS, alpha=0.16, linewidth=0, label="95 % band")
    axes.plot(curve.x, curve.y, color=OURS, label=label)
