"""`ichor inspect PATH`: what is there, before anything is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    path: Annotated[Path, typer.Argument(help="A DICOM folder, zip or file, NIfTI, ct-ich subject or images.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Print every series found at PATH, which one is the axial head CT, and why each other one is not."""
    raise typer.Exit(2)
