"""`ichor dataset describe|check DATA`: what the ct-ich dataset holds, and whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What the ct-ich dataset holds, and whether it is whole.", no_args_is_help=True)

DataArgument = Annotated[
    Path, typer.Argument(metavar="DATA", help="The ct-ich dataset, release 1.0.0 (JPG) or 1.3.1 (NIfTI).")
]


@app.command()
def describe(data: DataArgument) -> None:
    """Print how many subjects and slices DATA holds."""
    from ichor.dataset.ct_ich import CtIch

    dataset = CtIch(data)
    n_slices = sum(len(dataset.labels[subject]) for subject in dataset.subjects)
    typer.echo(f"ct-ich {dataset.release}: {len(dataset.subjects)} subjects, {n_slices} slices")


@app.command()
def check(data: DataArgument) -> None:
    """Print the fingerprint of DATA, which every run records."""
    from ichor.dataset.ct_ich import CtIch

    typer.echo(f"fingerprint {CtIch(data).fingerprint}")
