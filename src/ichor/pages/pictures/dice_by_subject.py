"""Dice of each subject with hemorrhage, sorted, with the slices that it is the mean of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ichor.evaluate.results import SubjectResult
from ichor.pages.pictures.style import EDGE, INK, dots_of, panels, styled, subtype_legend
from ichor.subtypes import Subtype


@styled
def dice_by_subject_figure(results: Sequence[SubjectResult], average: str) -> Figure:
    """A column for each subject of `results`, all of which have hemorrhage, the best first.

    `average` is the mean over them in words, with its interval.
    """
    slices = {r.subject: r.overlaps.dice[r.overlaps.positive] for r in results}
    mean = {subject: float(np.mean(each)) for subject, each in slices.items()}
    ranked = sorted(results, key=lambda r: (-mean[r.subject], r.subject))
    figure, (axes,) = panels(1, width=max(4.6, 0.19 * len(ranked) + 1), height=3.4)
    for x, r in enumerate(ranked):
        each, dots = slices[r.subject], dots_of(main_subtype(r))
        axes.plot([x] * len(each), each, **dots, markersize=3, alpha=0.4, markeredgewidth=0, clip_on=False)
        axes.plot(x, mean[r.subject], **dots, **EDGE, markersize=7, zorder=3, clip_on=False)
    overall = float(np.mean(list(mean.values())))
    axes.axhline(overall, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.text(len(ranked) - 0.35, overall + 0.01, f"mean {average}", ha="right", fontsize=7)
    axes.set(xlim=(-0.7, len(ranked) - 0.3), ylim=(0, 1), ylabel="Dice", xlabel="subject")
    axes.set_xticks(range(len(ranked)), [r.subject for r in ranked], rotation=90, fontsize=6.5)
    axes.grid(visible=False, axis="x")
    axes.set_title(f"Dice of {len(ranked)} subjects")
    subtype_legend(axes, {main_subtype(r) for r in ranked}, "upper right")
    return figure


def main_subtype(result: SubjectResult) -> Subtype:
    """The subtype on most of a subject's slices, the first in the order of `Subtype` of equals."""
    return list(Subtype)[int(result.labels.sum(axis=0).argmax())]
