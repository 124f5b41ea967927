"""Publishes a run as a folder that can be shared: metrics, scores, pictures and a page; no weights, no scans."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ichor.atomic import whole_folder, write_whole
from ichor.dataset.base import Dataset
from ichor.errors import BadConfig
from ichor.experiments.run import probabilities_in
from ichor.pages.pictures import draw_figures
from ichor.pages.run_tables import results_page
from ichor.runs.about import ABOUT, read_about
from ichor.runs.evaluate import evaluate_folder, header_in
from ichor.runs.files import MASKS, METRICS, PAGE, SCAN_SCORES, SCORES
from ichor.runs.predictions import read_predictions


def publish(run: Path, dataset: Dataset, out: Path, *, masks: bool = False) -> dict[str, Any]:
    """Evaluate a run and draw its pictures into `out`, which is replaced where it holds an earlier result.

    With `masks`, the masks are included; without them, surface and lesion metrics cannot be recomputed. An about.yaml
    in `out` is kept; if there is none, that of `run` is taken. Returns the metrics. Raises BadConfig if `run` has no
    metrics yet or is a run on other data, or if `out` is a folder that holds something else.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / METRICS).is_file())):
        raise BadConfig(f"{out}: expected a new folder or one with a result's {METRICS}, found something else")
    header = header_in(run, dataset)
    described_in = out if (out / ABOUT).is_file() else run
    about = read_about(described_in)
    with whole_folder(out) as folder:
        segments = (run / MASKS).is_file()
        for name in (SCORES, SCAN_SCORES, *((MASKS,) if segments else ())):
            if not (run / name).is_file():
                raise BadConfig(f"{run / name}: expected the predictions of a finished run, found none")
            shutil.copyfile(run / name, folder / name)
        if (described_in / ABOUT).is_file():
            shutil.copyfile(described_in / ABOUT, folder / ABOUT)
        metrics = evaluate_folder(folder, dataset, header)
        predictions = read_predictions(folder, dataset)
        figures = draw_figures(folder, dataset, predictions, metrics, probabilities_in(run))
        if segments and not masks:
            (folder / MASKS).unlink()
        write_whole(folder / PAGE, results_page(metrics, figures, about, masks=segments and masks))
    return metrics
