"""`ichor publish RUN`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.data import CopiesOption, DataOption, opened
from ichor.cli.show import show_figures


def publish(
    run: Annotated[Path, typer.Argument(help="The folder of a run of `ichor crossval`.")],
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="The folder to write; an earlier result in it is replaced.")],
    masks: Annotated[
        bool,
        typer.Option("--masks", help="Also copy the masks, from which surface and lesion metrics can be recomputed."),
    ] = False,
    leave_out_copies: CopiesOption = False,
) -> None:
    """Copy the parts of a run that can be shared.

    That is its metrics, scores and pictures, and a page that shows them.
    """
    from ichor.experiments.publish import publish as publish_run

    show_figures(publish_run(run, opened(data, leave_out_copies=leave_out_copies), out, masks=masks), out)
    typer.echo(f"{out / 'README.md'}: the page")
