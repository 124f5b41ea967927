"""`ichor dataset`: which datasets there are, and what to do with a copy of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.data import DataArguments
from ichor.cli.dataset_check import check
from ichor.cli.dataset_download import download
from ichor.cli.dataset_export import export
from ichor.cli.dataset_list import list_datasets
from ichor.cli.dataset_overlaps import overlaps

if TYPE_CHECKING:
    from ichor.dataset.base import Dataset
    from ichor.dataset.kind import Described

app = typer.Typer(
    help="List, check, describe and compare datasets of hemorrhage on head CT; download and convert ct-ich.",
    no_args_is_help=True,
)


@app.command()
def describe(
    data: DataArguments,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PATH", help="A .md or .json file, or a folder for dataset.md and dataset.json."),
    ] = None,
) -> None:
    """Count what is in a copy of a dataset, and show its license and pitfalls.

    ct-ich is compared with Tables 3 and 4 of the paper; each difference is shown with its cause. If several datasets
    are given, each is described, and --out is a folder with a subfolder for each.
    """
    from ichor.dataset.together import open_data, parts_of

    opened = open_data(data)
    for prefix, dataset in parts_of(opened).items():
        found = _described(dataset)
        typer.echo(found.as_text())
        if out is not None:
            for file in _write(found, out / prefix.removesuffix(".") if prefix else out):
                typer.echo(f"{file}: written")


app.command()(check)
app.command("list")(list_datasets)
app.command()(overlaps)
app.command()(export)
app.command()(download)


def _described(dataset: Dataset) -> Described:
    from ichor.cli.progress import progress
    from ichor.dataset.describe import describe as describe_any
    from ichor.dataset.registry import kind_of

    own = kind_of(dataset).describe
    if own is not None:
        return own(dataset)
    with progress(len(dataset.subjects)) as done:
        return describe_any(dataset, done)


def _write(found: Described, out: Path) -> list[Path]:
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
