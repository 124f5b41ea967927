"""`ichor evaluate FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.show import show_figures


def evaluate(
    folder: Annotated[Path, typer.Argument(help="A run's folder, or one under results/: scores, and masks if kept.")],
    data: Annotated[Path, typer.Option("--data", help="The ct-ich dataset that the results are on.")],
) -> None:
    """Compute the figures of FOLDER again from its scores and masks, into its metrics.json and README.md.

    Without masks, surface and lesion figures stay as metrics.json has them.
    """
    from ichor.dataset.base import open_dataset
    from ichor.pages.run_tables import write_page
    from ichor.runs.evaluate import evaluate_folder

    metrics = evaluate_folder(folder, open_dataset(data))
    write_page(folder, metrics)
    show_figures(metrics, folder)
