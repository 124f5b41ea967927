"""Dice of each lesion over its volume: small ones are missed, and count as much as large ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FormatStrFormatter

from ichor.evaluate.lesions import SIZE_BANDS_ML
from ichor.evaluate.results import SubjectResult
from ichor.pages.pictures.dice_by_subject import main_subtype
from ichor.pages.pictures.style import EDGE, INK, dots_of, panels, styled, subtype_legend
from ichor.pages.pictures.words import figure_at

_SMALLEST_ML = 0.05
_HALO = withStroke(linewidth=2, foreground="white")  # words stay readable on marks


@styled
def dice_by_size_figure(results: Sequence[SubjectResult], bands: Mapping[str, Any]) -> Figure:
    """A point for each lesion of `results`; `bands` is metrics.json's "by_lesion_size", drawn as steps.

    Raises ValueError where no subject has a lesion.
    """
    lesions = [(main_subtype(r), r.lesions) for r in results if r.lesions is not None and r.lesions.volume_ml.size]
    if not lesions:
        raise ValueError("expected subjects with lesions, found none")
    n = sum(one.volume_ml.size for _, one in lesions)
    largest = 1.4 * max(float(one.volume_ml.max()) for _, one in lesions)
    figure, (axes,) = panels(1, width=5.6, height=3.5)
    axes.set(xscale="log", xlim=(_SMALLEST_ML, largest), ylim=(0, 1), xlabel="volume of the lesion, mL", ylabel="Dice")
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    for name, (low, high) in SIZE_BANDS_ML.items():
        mean = figure_at(bands, name, "dice")
        if mean is not None:
            _draw_band(axes, mean, max(low, _SMALLEST_ML), min(high, largest))
    for subtype, one in lesions:
        axes.plot(one.volume_ml, one.dice, **dots_of(subtype), **EDGE, markersize=5.5, zorder=3, clip_on=False)
    axes.set_title(f"Dice of {n} lesions")
    subtype_legend(axes, {subtype for subtype, _ in lesions}, "upper left")
    return figure


def _draw_band(axes: Axes, mean: Mapping[str, Any], left: float, right: float) -> None:
    """The mean from one volume to another, with its interval."""
    if mean["ci95"] is not None:
        axes.fill_between([left, right], *mean["ci95"], color=INK, alpha=0.08, linewidth=0)
    axes.plot([left, right], [mean["value"]] * 2, color=INK, linewidth=1.2, solid_capstyle="butt")
    words = f"{mean['value']:.2f} (n = {mean['n']})"
    axes.text(
        float(np.sqrt(left * right)),
        mean["value"] + 0.012,
        words,
        ha="center",
        fontsize=6.5,
        zorder=5,
        path_effects=[_HALO],
    )
