"""Draws all figures of a run into its folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.errors import BadConfig
from ichor.evaluate.prediction import Prediction
from ichor.imports import require_extra
from ichor.pages.pictures.drawn import FOLDER, DrawnFigure, figures_in, write_list


def draw_figures(
    folder: Path,
    dataset: Dataset,
    predictions: Mapping[str, Prediction],
    metrics: Mapping[str, Any],
    probability_of: Callable[[str], NDArray[np.float32] | None],
) -> tuple[DrawnFigure, ...]:
    """Draw all figures of a run as PNG into `folder`/figures, and return them with their captions, in order.

    `predictions`, by subject, are accessed one by one and may be read lazily. `metrics` is metrics.json; figures whose
    values it lacks are left out. `probability_of` returns a subject's voxel probability (n, rows, columns) on the
    scan's grid, or None if it is not available: then an earlier Figure 4 is kept.

    Raises BadConfig if matplotlib is not installed.
    """
    require_extra("evaluate", "matplotlib", used_by="figures", error=BadConfig)
    from ichor.pages.pictures.ct_pictures import FIGURE_4, Pictures
    from ichor.pages.pictures.numbers import number_figures
    from ichor.pages.pictures.style import png
    from ichor.pages.pictures.survey import survey

    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    seen = survey(dataset, predictions)
    drawn = []
    for words, figure in chain(
        Pictures(dataset, predictions, seen).figures(probability_of), number_figures(seen, metrics)
    ):
        write_whole(folder / words.file, png(figure))
        drawn.append(words)
    if all(one.name != FIGURE_4 for one in drawn):
        drawn = [one for one in figures_in(folder) if one.name == FIGURE_4 and (folder / one.file).exists()] + drawn
    write_list(folder, drawn)
    return tuple(drawn)
