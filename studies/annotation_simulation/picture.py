"""The figure of the learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ichor.pages.pictures.style import BLUE, DASHED, EDGE, GREEN, ORANGE, panels, styled
from studies.annotation_simulation.figures import AUC, DICE
from studies.annotation_simulation.strategies import Strategy

_LOOKS = {
    Strategy.RANDOM: (ORANGE, "s"),
    Strategy.UNCERTAINTY: (GREEN, "D"),
    Strategy.COST_SENSITIVE: (BLUE, "o"),
}
# Three bands would hide each other; only the two strategies that are compared have one.
_WITH_BAND = (Strategy.RANDOM, Strategy.COST_SENSITIVE)


@styled
def learning_curve_figure(found: Mapping[str, Any]) -> Figure:
    """Dice and slice AUC over the modeled time, and the difference in Dice from the random order, with intervals."""
    figure, axes = panels(3, width=10.2, height=3.4)
    for one, name, words in ((axes[0], DICE, "Dice per scan, 3-D"), (axes[1], AUC, "slice AUC")):
        for strategy in Strategy:
            _curve(one, found["curves"][strategy.value]["rounds"], strategy, name)
        one.set(xlabel="modelled labelling time, minutes", ylabel=words)
        one.set_title(f"{words[0].upper()}{words[1:]}, held-out subjects")
    axes[0].legend(loc="upper left")
    _differences(axes[2], found)
    return figure


def _curve(axes: Axes, rounds: Sequence[Mapping[str, Any]], strategy: Strategy, name: str) -> None:
    color, marker = _LOOKS[strategy]
    known = [one for one in rounds if one[name]["value"] is not None]
    minutes = [one["labelling_min"] for one in known]
    if strategy in _WITH_BAND:
        low, high = zip(*(one[name]["ci95"] for one in known), strict=True) if known else ((), ())
        axes.fill_between(minutes, low, high, color=color, alpha=0.14, linewidth=0)
    axes.plot(minutes, [one[name]["value"] for one in known], color=color, marker=marker, label=strategy.value, **EDGE)


def _differences(axes: Axes, found: Mapping[str, Any]) -> None:
    """The paired differences of each round and their mean, with the strategies next to each other."""
    axes.axhline(0, **DASHED)
    others = [strategy for strategy in Strategy if strategy is not Strategy.RANDOM]
    names: list[str] = []
    for place, strategy in enumerate(others):
        better = found["better_than_random"][strategy.value]
        rows = [*better["rounds"][1:], better["mean"]]
        names = [*(f"round {one['round']}" for one in better["rounds"][1:]), "mean"]
        color, marker = _LOOKS[strategy]
        known = [(x + 0.2 * (place - 0.5), one[DICE]) for x, one in enumerate(rows) if one[DICE]["value"] is not None]
        for x, figure in known:
            axes.plot([x, x], figure["ci95"], color=color, linewidth=1.2)
        axes.plot([x for x, _ in known], [one["value"] for _, one in known], color=color, marker=marker, ls="", **EDGE)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set(ylabel="difference, Dice per scan, 3-D")
    axes.set_title("Dice less that of random order")
