"""`ichor screen PATH... --out DIR`: from scans to findings, masks and reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.options import (
    CropOption,
    OperatingPointOption,
    PixelOption,
    SeriesOption,
    SliceOption,
    WindowOption,
    read_options,
)

if TYPE_CHECKING:
    from ichor.screen.batch import Outcome
    from ichor.screen.findings import Findings, HemorrhageFindings, SubtypeFindings
    from ichor.screen.pipeline import Screener

INTERRUPTED = 130  # what a shell expects of a command that Ctrl-C ended


def screen(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            help="Scans (DICOM folder or zip, NIfTI file, ct-ich subject, folder of JPG or PNG slices, two AVIs), "
            "folders of such, or .txt lists of paths, one a line.",
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where each scan gets a folder.")],
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME|FOLDER", help="The model package; else the default one."),
    ] = None,
    operating_point: OperatingPointOption = None,
    probability: Annotated[
        bool, typer.Option("--probability", help="Write the voxels' probabilities too, as NIfTI.")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, help="Scans at the same time, each in a process.")
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", min=1, help="Processor threads for all workers together."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Screen again what has been screened.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show whole tracebacks; they may quote what the files say.")
    ] = False,
    window: WindowOption = None,
    pixel_mm: PixelOption = None,
    slice_mm: SliceOption = None,
    crop: CropOption = None,
    series: SeriesOption = None,
) -> None:
    """Find hemorrhage in each scan and write findings.json, mask.nii.gz and report.html for it.

    A DICOM folder of one study is one scan, whatever series it holds; a folder of several studies, of NIfTI
    files, zips or ct-ich subjects is a scan for each. summary.csv lists them all. What has been screened
    before by the same model with the same options is not screened again.

    Leaves with 0 when every scan was screened, 1 when some of several failed, 2 when the one scan could not
    be read or the command was wrong. Research use only; not a medical device.
    """
    from ichor.methods import load_method
    from ichor.models.package import DEFAULT_MODEL, find_package, operating_point_of
    from ichor.screen.batch import plan, screen_batch, write_batch
    from ichor.screen.inputs import content_sha256, find_scans

    options = read_options(window, pixel_mm, slice_mm, series, crop)
    package = find_package(model or DEFAULT_MODEL)
    jobs = plan(
        find_scans(paths, out),
        out,
        options,
        probability=probability,
        method_sha256=content_sha256(package),
        operating_point=operating_point_of(package, operating_point),
    )
    each = max(1, (threads or os.cpu_count() or 1) // min(workers, len(jobs)))
    make_method: Callable[[], Screener] = partial(load_method, package, threads=each, operating_point=operating_point)
    outcomes: list[Outcome] = []
    _make_folder(out)
    try:
        with _progress(len(jobs)) as show:
            for outcome in screen_batch(jobs, make_method, workers=workers, force=force, debug=debug):
                outcomes.append(outcome)
                show(outcome)
    except KeyboardInterrupt:
        left = len(jobs) - len(outcomes)
        typer.echo(f"ichor: interrupted with {left} of {len(jobs)} scans left; run again to go on", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        if outcomes:
            write_batch(out, outcomes)
    if debug:
        typer.echo("".join(one.traceback for one in outcomes), err=True, nl=False)
    raise typer.Exit(_close(outcomes, out))


def verdict(found: Findings) -> str:
    """What was found, in one line, and in what the scan is unlike what the models were made for."""
    kinds = dict.fromkeys(one.kind.value for one in found.scan.unlike)
    return _found(found) + (f"; unlike what the model was made for: {', '.join(kinds)}" if kinds else "")


def _found(found: Findings) -> str:
    hemorrhage = found.hemorrhage
    if not hemorrhage.present:
        return f"no hemorrhage found (probability {hemorrhage.probability:.2f})"
    where = f"{hemorrhage.n_slices} of {found.scan.n_slices} slices"
    said = f"hemorrhage suspected (probability {hemorrhage.probability:.2f}), {_volume(hemorrhage)} on {where}"
    marked = sorted((one for one in hemorrhage.subtypes or () if one.volume_px), key=lambda one: -one.volume_px)
    return said + (": " + ", ".join(f"{one.subtype} {_volume(one)}" for one in marked) if marked else "")


def _volume(of: HemorrhageFindings | SubtypeFindings) -> str:
    if of.volume_ml is None:
        return f"{of.volume_px} voxels"
    return f"{of.volume_ml:.1f} mL" if of.volume_ml >= 0.05 else "< 0.1 mL"


def _close(outcomes: list[Outcome], out: Path) -> int:
    """Say where the results lie and what failed; the exit code."""
    failed = [one for one in outcomes if one.status == "failed"]
    if len(outcomes) == 1:
        (outcome,) = outcomes
        if outcome.findings is None:
            typer.echo(f"ichor: {_reason(outcome)}", err=True)
            return 2
        said = verdict(outcome.findings)
        typer.echo(said[0].upper() + said[1:])
        typer.echo(f"Report: {outcome.job.folder / 'report.html'}")
        typer.echo(outcome.findings.notice)
        return 0
    suspected = sum(one.findings is not None and one.findings.hemorrhage.present for one in outcomes)
    before = sum(one.status == "skipped" for one in outcomes)
    typer.echo(
        f"{len(outcomes) - len(failed)} of {len(outcomes)} scans screened"
        + (f" ({before} of them before)" if before else "")
        + f", hemorrhage suspected in {suspected}"
    )
    typer.echo(f"Reports: {out}/*/report.html, all in {out / 'summary.csv'}")
    typer.echo("Research use only; not a medical device.")
    for outcome in failed:
        typer.echo(f"failed: {_reason(outcome)}", err=True)
    return 1 if failed else 0


def _reason(outcome: Outcome) -> str:
    """The one line that says why a scan failed, with the path it names."""
    path = str(outcome.job.path)
    return outcome.reason if outcome.reason.startswith(path) else f"{path}: {outcome.reason}"


def _make_folder(out: Path) -> None:
    from ichor.errors import IchorError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IchorError(f"{out}: expected a folder to write to, found {error.strerror}") from error


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Outcome], None]]:
    """Show each outcome on stderr: with a bar on a terminal, as plain lines elsewhere."""
    number = 0

    def line(outcome: Outcome) -> str:
        nonlocal number
        number += 1
        said = outcome.reason if outcome.findings is None else verdict(outcome.findings)
        before = " (done before)" if outcome.status == "skipped" else ""
        return f"[{number}/{total}] {outcome.job.folder.name}: {said}{before}"

    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TimeElapsedColumn

        console = Console(stderr=True, highlight=False, markup=False)
        with Progress(
            SpinnerColumn(),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task("", total=total)

            def show(outcome: Outcome) -> None:
                if total > 1:
                    console.print(line(outcome), soft_wrap=True)
                bar.advance(task)

            yield show
    else:
        yield lambda outcome: typer.echo(line(outcome), err=True) if total > 1 else None
