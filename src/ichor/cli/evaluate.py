"""`ichor evaluate FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.data import DataOption
from ichor.cli.show import show_figures


def evaluate(
    folder: Annotated[Path, typer.Argument(help="The folder of a run, or one under results/.")],
    data: DataOption,
) -> None:
    """Recompute the metrics of a run.

    They are computed from the scores in FOLDER, and its masks if it has any, and written to its metrics.json and
    README.md. Without masks, the surface and lesion metrics are kept as they are.
    """
    from ichor.dataset.together import open_data
    from ichor.pages.run_tables import write_page
    from ichor.runs.evaluate import evaluate_folder

    metrics = evaluate_folder(folder, open_data(data))
    write_page(folder, metrics)
    show_figures(metrics, folder)
