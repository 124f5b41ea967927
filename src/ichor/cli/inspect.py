"""`ichor inspect PATH`: lists scans and series without processing them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.options import CropOption, PixelOption, SeriesOption, SliceOption, WindowOption, read_options

if TYPE_CHECKING:
    from rich.console import Console

    from ichor.read.base import Inspection, ScanPath, SeriesSummary


def inspect(
    path: Annotated[
        Path,
        typer.Argument(help="A DICOM folder, archive or file, a NIfTI file, a ct-ich subject or a folder of images."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write a description to attach to a bug report: versions, sizes, geometry, encoding and reasons, "
            "but nothing that identifies a patient or names a file. FILE must not exist yet.",
        ),
    ] = None,
    window: WindowOption = None,
    pixel_mm: PixelOption = None,
    slice_mm: SliceOption = None,
    crop: CropOption = None,
    series: SeriesOption = None,
) -> None:
    """List the scans and series found at PATH.

    For each scan it shows its series in order of preference, which one is used, and why the others are not.

    Exit status: 0 if every scan can be read, 1 if some of several cannot, 2 if the only one cannot.
    """
    from ichor.errors import OutputFailed, UnreadableInput
    from ichor.read.open import inspect as inspect_scan
    from ichor.screening.inputs import find_scans

    options = read_options(window, pixel_mm, slice_mm, series, crop)
    if report is not None and os.path.lexists(report):
        raise OutputFailed(f"{report}: expected a new file to write the description to, found one that exists")
    scans = find_scans([path], series_uid=series)
    found: dict[ScanPath, Inspection | str] = {}
    for scan in scans:
        try:
            found[scan] = inspect_scan(scan, options)
        except UnreadableInput as error:
            found[scan] = str(error)
            if len(scans) == 1:
                _write_report(report, path, found)
                raise
    _write_report(report, path, found)
    if as_json:
        import json

        typer.echo(json.dumps({"scans": [_as_json(scan, one) for scan, one in found.items()]}, indent=2))
    else:
        _show(found)
    if any(isinstance(one, str) for one in found.values()):
        raise typer.Exit(1)


def _write_report(report: Path | None, path: Path, found: dict[ScanPath, Inspection | str]) -> None:
    """Write the description, if requested; the file is private until the user shares it."""
    if report is None:
        return
    import json

    from ichor.atomic import reporting_disk_errors, write_whole
    from ichor.read.describe import describe

    text = json.dumps(describe(path, found), indent=1, ensure_ascii=False) + "\n"
    with reporting_disk_errors(report):
        write_whole(report, text, private=True)
    typer.echo(
        f"{report}: description written, without names, dates, texts and pictures; read it before you share it",
        err=True,
    )


def _as_json(scan: ScanPath, found: Inspection | str) -> dict[str, object]:
    content = {"series": [], "warnings": [found]} if isinstance(found, str) else found.as_json()
    return {"path": str(scan.path), "label": scan.label, "readable": not isinstance(found, str), **content}


def _show(found: dict[ScanPath, Inspection | str]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for number, (scan, one) in enumerate(found.items(), 1):
        if len(found) > 1:
            console.print(Text(f"scan {number} of {len(found)}: {scan}", style="bold"), soft_wrap=True)
        if isinstance(one, str):
            console.print(Text(f"failed: {one}", style="red"), soft_wrap=True)
        else:
            _show_one(console, one)


def _show_one(console: Console, found: Inspection) -> None:
    """A block of lines for each series, in order of rank: a table would not fit a terminal with its UIDs unbroken."""
    from rich.text import Text

    for one in found.series:
        title = Text(f"{one.rank or '-'}  {one.reason}", style="bold green" if one.chosen else "")
        console.print(title, soft_wrap=True)
        console.print(Text(f"   {_geometry(one)}"), soft_wrap=True)
        for uid in (one.uid, *one.joined_uids):
            if uid:
                console.print(Text(f"   UID {uid}", style="dim"), soft_wrap=True)
    for warning in found.warnings:
        console.print(Text(f"warning: {warning}", style="yellow"), soft_wrap=True)


def _geometry(one: SeriesSummary) -> str:
    """What is known of the size and place of a series' slices, on one line."""
    parts = [f"{one.n_slices} slice{'' if one.n_slices == 1 else 's'}"]
    if one.size is not None:
        parts.append(f"{one.size[0]}x{one.size[1]}")
    if one.pixel_mm is not None:
        parts.append(f"pixel {one.pixel_mm[0]:.3g} x {one.pixel_mm[1]:.3g} mm")
    if one.spacing_mm is not None:
        parts.append(f"spacing {_range(one.spacing_mm)} mm")
    if one.thickness_mm is not None:
        parts.append(f"thickness {_range(one.thickness_mm)} mm")
    if one.tilt_deg is not None:
        parts.append(f"tilt {round(one.tilt_deg, 1) + 0.0:+.1f}°")
    if one.hu is not None:
        parts.append(f"{_range(one.hu)} HU")
    return ", ".join(parts)


def _range(pair: tuple[float, float]) -> str:
    """'5', or '1.08 to 7' where the ends differ."""
    low, high = (f"{round(end, 2):g}" for end in pair)
    return low if low == high else f"{low} to {high}"
