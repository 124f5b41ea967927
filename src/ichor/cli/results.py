"""`ichor results FOLDER...`: pages that compare several runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def results(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of runs, each with a metrics.json; the page shows their names.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder for README.md and results.html.")],
) -> None:
    """Write one page that compares runs with each other and the paper."""
    from ichor.pages.overview import HTML, README, write_overview

    write_overview(folders, out)
    typer.echo(f"{out / README}: the runs compared with the paper")
    typer.echo(f"{out / HTML}: all tables and figures on one page")
