"""`ichor publish RUN`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.show import show_figures


def publish(
    run: Annotated[Path, typer.Argument(help="A run's folder, as `ichor crossval` leaves it.")],
    data: Annotated[Path, typer.Option("--data", help="The ct-ich dataset that the run is on.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to leave the result in; an earlier one is replaced.")],
    masks: Annotated[
        bool,
        typer.Option("--masks", help="The masks too, from which surface and lesion figures can be computed again."),
    ] = False,
) -> None:
    """Leave what can be shared of RUN in a folder: figures, scores, pictures and a page that shows them."""
    from ichor.dataset.base import open_dataset
    from ichor.experiments.publish import publish as publish_run

    show_figures(publish_run(run, open_dataset(data), out, masks=masks), out)
    typer.echo(f"{out / 'README.md'}: the page")
