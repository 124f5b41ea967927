"""`ichor inspect PATH`: what is there, before anything is done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.options import CropOption, PixelOption, SeriesOption, SliceOption, WindowOption, read_options

if TYPE_CHECKING:
    from ichor.read.base import Inspection, SeriesSummary


def inspect(
    path: Annotated[Path, typer.Argument(help="A DICOM folder, zip or file, NIfTI, ct-ich subject or images.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    window: WindowOption = None,
    pixel_mm: PixelOption = None,
    slice_mm: SliceOption = None,
    crop: CropOption = None,
    series: SeriesOption = None,
) -> None:
    """Print every series found at PATH, which one is the axial head CT, and why each other one is not."""
    from ichor.read.open import inspect as inspect_path

    found = inspect_path(path, read_options(window, pixel_mm, slice_mm, series, crop))
    if as_json:
        import json

        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        _show(found)


def _show(found: Inspection) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 150  # in a file or a pipe there is no edge to fold at
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("series", ratio=1, overflow="fold")
    for name in ("slices", "size", "pixel mm", "spacing mm", "thickness mm", "tilt", "HU"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found.series:
        series = Text(one.reason, style="bold green" if one.chosen else "")
        if one.uid:
            series.append(f"\n{one.uid}", style="dim not bold")
        table.add_row(series, *_cells(one))
    console.print(table)
    for warning in found.warnings:
        console.print(Text(f"warning: {warning}", style="yellow"), soft_wrap=True)


def _cells(one: SeriesSummary) -> tuple[str, ...]:
    return (
        str(one.n_slices),
        "" if one.size is None else f"{one.size[0]}x{one.size[1]}",
        "" if one.pixel_mm is None else f"{one.pixel_mm[0]:.3g} x {one.pixel_mm[1]:.3g}",
        _range(one.spacing_mm),
        _range(one.thickness_mm),
        "" if one.tilt_deg is None else f"{round(one.tilt_deg, 1) + 0.0:+.1f}°",
        _range(one.hu),
    )


def _range(pair: tuple[float, float] | None) -> str:
    """'5', or '1.08 to 7' where the ends differ."""
    if pair is None:
        return ""
    low, high = (f"{round(end, 2):g}" for end in pair)
    return low if low == high else f"{low} to {high}"
