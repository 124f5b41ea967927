"""Reliability diagrams: the share of cases with hemorrhage over the predicted probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ichor.pages.pictures.style import DASHED, EDGE, FAINT, MUTED, OURS, note, small_print, styled, unit_square

Bins = Sequence[Mapping[str, Any]]


@styled
def reliability_figure(curves: Mapping[str, Bins], error: Mapping[str, str]) -> Figure:
    """Draw a panel for each curve of metrics.json, with the number of cases in each bin below.

    `curves` has, by name, bins {"low", "high", "mean_probability", "observed", "n"}; `error` has the expected
    calibration error of each as text.
    """
    figure = Figure(figsize=(3.6 * len(curves), 4.9), layout="constrained")
    axes = figure.subplots(2, len(curves), squeeze=False, height_ratios=[5, 1])
    for above, below, (name, bins) in zip(axes[0], axes[1], curves.items(), strict=True):
        _draw_curve(above, bins)
        above.set_title(f"{name.capitalize()}s")
        above.set_title(f"calibration error {error[name]}", loc="right", fontsize=7.5, fontweight="normal")
        _draw_counts(below, bins)
        below.set_ylabel(f"{name}s")
    small_print(figure)
    return figure


def _draw_curve(axes: Axes, bins: Bins) -> None:
    x, y = [b["mean_probability"] for b in bins], [b["observed"] for b in bins]
    axes.plot([0, 1], [0, 1], **DASHED)
    axes.plot(x, y, color=OURS, linewidth=0.8, marker="o", markersize=5, **EDGE, zorder=3)
    unit_square(axes, "predicted probability", "share with hemorrhage")


def _draw_counts(axes: Axes, bins: Bins) -> None:
    left, right, n = ([b[key] for b in bins] for key in ("low", "high", "n"))
    axes.bar(
        left, n, [b - a for a, b in zip(left, right, strict=True)], align="edge", color=FAINT, edgecolor=MUTED, lw=0.5
    )
    for b in bins:
        note(axes, str(b["n"]), ((b["low"] + b["high"]) / 2, b["n"]), (0, 1.5), ha="center")
    axes.set(xlim=(-0.02, 1.02), yscale="log", ylim=(0.5, max(n) * 5), yticks=[])
    axes.minorticks_off()
    axes.grid(visible=False)
    axes.set_box_aspect(0.2)
