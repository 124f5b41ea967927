"""The paper's Figure 4: tiles of test slices with the delineation, and the network's probability below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ichor.pages.pictures.ct import RED_DOTTED, bar, show, show_probability
from ichor.pages.pictures.style import ATTRIBUTION, MUTED, small_print, styled
from ichor.pages.pictures.views import View


@styled
def figure_4(tiles: Sequence[View], dice: Mapping[str, float]) -> Figure:
    """Draw tiles side by side, each with its probability below; `dice` has the subjects' values for the titles.

    Raises ValueError if a tile has no probability.
    """
    figure = Figure(figsize=(1.55 * len(tiles) + 0.75, 3.5), layout="constrained")
    axes = figure.subplots(2, len(tiles), squeeze=False)
    for above, below, tile in zip(axes[0], axes[1], tiles, strict=True):
        show(above, tile, (tile.reference, RED_DOTTED))
        show_probability(below, tile)
        above.set_title(f"{tile.name}\nsubject's Dice {dice[tile.subject]:.2f}", fontsize=7, fontweight="normal")
    bar(axes[0, 0], tiles[0])
    axes[0, 0].set_ylabel("CT and delineation", fontsize=7.5)
    axes[1, 0].set_ylabel("probability", fontsize=7.5)
    scale = figure.colorbar(
        ScalarMappable(Normalize(0, 1), "gray"),
        ax=axes,
        shrink=0.47,
        anchor=(0, 0),
        aspect=18,
        pad=0.02,
        ticks=[0, 0.5, 1],
    )
    scale.outline.set_edgecolor(MUTED)
    scale.ax.tick_params(labelsize=6.5)
    small_print(figure, ATTRIBUTION)
    return figure
