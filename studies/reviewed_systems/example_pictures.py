"""Pictures of the example slices, with a panel for what each system marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.formats.run_lengths import from_run_lengths
from ichor.pages.pictures.ct import BLUE_SOLID, ORANGE_DOTTED, bar, heading, show
from ichor.pages.pictures.style import ATTRIBUTION, MUTED, png, small_print, styled
from ichor.pages.pictures.views import View, Views
from studies.reviewed_systems.examples import Example

COLUMNS = 6
PANEL = (1.25, 1.45)  # inches
TITLE_PT, TITLE_CHARACTERS = 5.5, 26  # so that the name of a system fits, the longest on two lines


def write_pictures(
    out: Path, examples: Sequence[Example], marks: Mapping[str, Mapping[str, Any]], dataset: Dataset
) -> list[Path]:
    """Write example-1.png and so on: each slice with the marks of each system. `marks` is by system, then by slice."""
    files = []
    for number, one in enumerate(examples, 1):
        said = {name: by_slice[one.key] for name, by_slice in marks.items()}
        files.append(out / f"example-{number}.png")
        write_whole(files[-1], png(_drawn(one, said, dataset)))
    return files


@styled
def _drawn(example: Example, said: Mapping[str, Mapping[str, Any]], dataset: Dataset) -> Figure:
    rows = -(-(len(said) + 1) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * PANEL[0], rows * PANEL[1] + 0.5), layout="constrained")
    heading(figure, example.title, ORANGE_DOTTED, BLUE_SOLID)
    panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for panel in panels:
        panel.axis("off")
    case = dataset.case(example.subject)
    plain = _view(case, example.index, None)
    show(panels[0], plain, (plain.reference, ORANGE_DOTTED))
    bar(panels[0], plain)
    panels[0].set_title("radiologists", fontsize=TITLE_PT)
    for panel, (name, mark) in zip(panels[1:], said.items(), strict=False):
        panel.set_title(fill(name, TITLE_CHARACTERS), fontsize=TITLE_PT)
        if mark["mask"] is None:
            show(panel, plain)
            text = f"no outline\nprobability {mark['probability']:.2f}"
            panel.text(0.5, -0.02, text, ha="center", va="top", fontsize=6, color=MUTED, transform=panel.transAxes)
        else:
            predicted = _view(case, example.index, mark["mask"])
            show(panel, predicted, (predicted.reference, ORANGE_DOTTED), (predicted.predicted, BLUE_SOLID))
    small_print(figure, ATTRIBUTION)
    return figure


def _view(case: Case, index: int, mask: Mapping[str, Any] | None) -> View:
    """The view of a slice with a mask that is given on the scan's own grid."""
    marked = np.zeros(case.mask.shape, bool)
    if mask is not None:
        marked[index] = from_run_lengths(mask)
    return Views(case, marked).whole(index)
