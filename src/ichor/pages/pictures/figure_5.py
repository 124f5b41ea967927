"""The paper's Figure 5: whole slices with both outlines: two good fits, two false positives, one missed lesion."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from ichor.pages.pictures.ct import GREEN_DASHED, RED_DOTTED, bar, heading, show
from ichor.pages.pictures.style import ATTRIBUTION, MUTED, small_print, styled
from ichor.pages.pictures.views import View


@styled
def figure_5(fits: Sequence[View], false_positives: Sequence[View], missed: Sequence[View]) -> Figure:
    """Draw up to two views of each kind, with a column for each kind and a note if there are none."""
    columns = {"Fits": fits, "False positives": false_positives, "Missed": missed}
    rows = max(1, *map(len, columns.values()))
    figure = Figure(figsize=(6.6, 2.42 * rows + 0.35), layout="constrained")
    heading(figure, "Slices above the orbits", RED_DOTTED, GREEN_DASHED)
    axes = figure.subplots(rows, len(columns), squeeze=False)
    for one in axes.ravel():
        one.axis("off")
    for (title, views), column in zip(columns.items(), axes.T, strict=True):
        column[0].set_title(title, fontsize=8)
        if not views:
            column[0].text(0.5, 0.5, "none above the orbits", ha="center", color=MUTED, transform=column[0].transAxes)
        for one, view in zip(column, views, strict=False):
            show(one, view, (view.reference, RED_DOTTED), (view.predicted, GREEN_DASHED))
            one.axis("on")
            one.set_xlabel(view.name, fontsize=7)
            bar(one, view)
    small_print(figure, ATTRIBUTION)
    return figure
