"""`ichor dataset`: download, check, describe and convert ct-ich."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.dataset_check import DataArgument, check
from ichor.cli.dataset_download import download
from ichor.cli.dataset_export import export

if TYPE_CHECKING:
    from ichor.dataset.ct_ich.describe import Description

app = typer.Typer(
    help="Download, check, describe and convert the ct-ich dataset.",
    no_args_is_help=True,
)


@app.command()
def describe(
    data: DataArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="A .md or .json file, or a folder for dataset.md and dataset.json."),
    ] = None,
) -> None:
    """Compare DATA with Tables 3 and 4 of the paper.

    Each difference is shown with its cause.
    """
    from ichor.dataset.ct_ich import CtIch
    from ichor.dataset.ct_ich.describe import describe as describe_dataset

    found = describe_dataset(CtIch(data))
    _show(found)
    if out is not None:
        for file in _write(found, out):
            typer.echo(f"{file}: written")


app.command()(check)
app.command()(export)
app.command()(download)


def _write(found: Description, out: Path) -> list[Path]:
    """Write the description in the format of the file's suffix, or in both into a folder; returns the files."""
    import json

    from ichor.atomic import write_whole
    from ichor.errors import IchorError

    texts = {".md": found.as_markdown(), ".json": json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n"}
    files = [out] if out.suffix in texts else [out / f"dataset{suffix}" for suffix in texts]
    try:
        files[0].parent.mkdir(parents=True, exist_ok=True)
        for file in files:
            write_whole(file, texts[file.suffix])
    except OSError as error:
        raise IchorError(f"{out}: expected a file or folder to write to, found {error.strerror}") from error
    return files


def _show(found: Description) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ichor.dataset.ct_ich.describe import rows_of

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 150  # a file or a pipe has no width to wrap at

    def table(title: str, *columns: str) -> Table:
        made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        made.show_header = any(columns)
        for name in columns:
            made.add_column(name, justify="right" if name else "left")
        return made

    for title, rows in found.tables:
        counted = table(title, "", "paper", "here")
        for cells in rows_of(rows):
            counted.add_row(*cells)
        console.print(counted)
        for row in rows:
            if row.why:
                console.print(Text(f"* {row.name}: {row.why}", style="yellow"))
        console.print()
    beyond = table("What the paper does not count", "", "")
    for name, figure in found.beyond:
        beyond.add_row(name, figure)
    console.print(beyond)
    console.print(f"\nct-ich {found.release}, fingerprint {found.fingerprint}")
