"""Precision and recall of slices and scans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ichor.pages.pictures.curves import GRID, Scored, precision_recall
from ichor.pages.pictures.style import DASHED, OURS, legend_below, panels, styled, unit_square


@styled
def precision_recall_figure(cases: Sequence[Scored], average: Mapping[str, str]) -> Figure:
    """A panel for slices and one for scans; `average` has each panel's average precision in words.

    Raises ValueError where a class is absent.
    """
    figure, axes = panels(len(cases), width=3.6 * len(cases), height=4.6)
    for one, each in zip(axes, cases, strict=True):
        curve = precision_recall(each)
        one.fill_between(GRID, curve.low, curve.high, color=OURS, alpha=0.16, linewidth=0, label="95 % band")
        one.step(
            np.r_[0, curve.x],
            np.r_[curve.y[:1], curve.y],
            where="pre",
            color=OURS,
            label=f"average precision {average[each.name]}",
        )
        share = each.truth.mean()
        one.axhline(share, **DASHED, label=f"by chance {share:.2f}")
        unit_square(one, "recall (sensitivity)", "precision")
        one.set_title(f"{each.name.capitalize()} ({each.truth.sum()} of {len(each.truth)} with hemorrhage)")
        legend_below(one)
    return figure
