"""Bland-Altman plot of volumes (1986): the difference of two measurements over their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ichor.evaluate.results import SubjectResult
from ichor.pages.pictures.style import EDGE, INK, MUTED, OURS, note, panels, styled
from ichor.pages.pictures.words import figure_at

# Keys in metrics.json, names, and the position of the interval along the axis.
_DEVIATIONS = 1.96
_LINES = (
    ("bias_ml", "bias", 0.985),
    ("lower_limit_ml", "bias - 1.96 SD", 0.95),
    ("upper_limit_ml", "bias + 1.96 SD", 0.95),
)


@styled
def bland_altman_figure(results: Sequence[SubjectResult], limits: Mapping[str, Any]) -> Figure:
    """Draw the volumes of `results`, all of which must be known; `limits` is "bland_altman" in metrics.json."""
    ours, theirs = (
        np.array([getattr(r, name) for r in results], np.float64) for name in ("volume_ml", "reference_volume_ml")
    )
    mean, difference = (ours + theirs) / 2, ours - theirs
    figure, (axes,) = panels(1, width=5.4, height=3.5)
    axes.axhline(0, color=MUTED, linewidth=0.6)
    for key, name, at in _LINES:
        line = figure_at(limits, key)
        if line is not None:
            _draw_line(axes, line, name, at)
    axes.plot(mean, difference, linestyle="none", marker="o", markersize=5.5, color=OURS, **EDGE)
    for r, x, y in zip(results, mean, difference, strict=True):
        if abs(y - difference.mean()) > _DEVIATIONS * difference.std():
            note(axes, r.subject, (x, y), (-6, 0), ha="right", va="center", color=MUTED)
    axes.set(xlabel="mean of both volumes, mL", ylabel="this method minus radiologists, mL")
    axes.set_xlim(right=1.12 * mean.max())
    axes.set_title(f"Volume of {len(results)} scans with hemorrhage")
    return figure


def _draw_line(axes: Axes, line: Mapping[str, Any], name: str, at: float) -> None:
    """Draw a horizontal line with its name on the right, and its 95 % interval as a bar at `at` of the axis."""
    value, across = line["value"], axes.get_yaxis_transform()
    axes.axhline(value, color=INK, linewidth=0.9, linestyle="solid" if name == "bias" else (0, (4, 3)))
    axes.text(1.015, value, f"{name}\n{value:+.1f} mL", transform=across, va="center", fontsize=7)
    if line["ci95"] is not None:
        axes.plot([at, at], line["ci95"], transform=across, color=INK, linewidth=0.9, marker="_", markersize=5)
