"""`ichor results FOLDER...`: the pages over several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def results(
    folders: Annotated[
        list[Path], typer.Argument(help="Results folders, each with a metrics.json; shown by their names.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder to write README.md and results.html into.")],
) -> None:
    """Set the runs in FOLDER... beside each other and the paper, on one page to read and to print."""
    from ichor.pages.overview import HTML, README, write_overview

    write_overview(folders, out)
    typer.echo(f"{out / README}: the runs beside the paper")
    typer.echo(f"{out / HTML}: all tables and figures on one page")
