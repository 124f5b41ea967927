"""`ichor validate SCANS --truth TABLE --out DIR`: measures how well a model performs on a site's own scans."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ichor.cli.options import CropOption, OperatingPointOption, PixelOption, SliceOption, WindowOption, read_options
from ichor.errors import IchorError, OutputFailed
from ichor.interruption import INTERRUPTED

if TYPE_CHECKING:
    from ichor.screening.outcome import Outcome
    from ichor.validation.run import Plan

_NAMED = 10  # how many unmatched rows or scans a dry run lists


def validate(
    scans: Annotated[
        list[Path],
        typer.Argument(metavar="SCANS...", help="Scans, folders of these, or .txt lists of paths, as in ichor screen."),
    ],
    *,
    truth: Annotated[
        Path,
        typer.Option(
            "--truth",
            metavar="TABLE",
            help="A CSV or Parquet file with a row for each scan: its name, path, study UID, accession number or "
            "patient ID; whether there is hemorrhage, or which subtypes; and optionally a mask (NIfTI), age, sex, "
            "scanner, kernel, thickness, contrast and volume. Free text is ignored.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="The folder for the report and the results. Not needed for a dry run."
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only show how each column is understood and which rows and scans belong together."
        ),
    ] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="ROLE=NAME",
            help="What a column means, as in hemorrhage=ICH_confirmed. Can be repeated.",
        ),
    ] = None,
    matched_only: Annotated[
        bool, typer.Option("--matched-only", help="Leave out rows without a scan and scans without a row.")
    ] = False,
    prevalence: Annotated[
        str | None,
        typer.Option(
            "--prevalence",
            metavar="SHARE",
            help="The prevalence of hemorrhage for predictive values, as in 0.12 or 12%. Default: that of the table.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", metavar="NAME|FOLDER", help="The model package, by name or folder. Default: the shipped model."
        ),
    ] = None,
    operating_point: OperatingPointOption = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="NAME|FOLDER",
            help="Another package, such as the one in use, to compare the model with on the same scans.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, help="Number of scans to screen at the same time.")
    ] = 1,
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", min=1, help="Processor threads for all workers together.")
    ] = None,
    window: WindowOption = None,
    pixel_mm: PixelOption = None,
    slice_mm: SliceOption = None,
    crop: CropOption = None,
) -> None:
    """Screen your own scans, compare the results with the truth in a table, and write a report.

    Writes report.html and validation.json in DIR. They contain sensitivity, specificity, predictive values, ROC and
    precision-recall curves and calibration with 95 % intervals; figures by subtype, age, sex, scanner, kernel,
    thickness, contrast and volume; the scans on which the model and the truth differ, which ichor adjudicate shows;
    and, with --against, the paired differences from another package. The results of the scans are in DIR/scans. After
    an interruption, give the same command again to continue.

    Exit status: 0 if every scan was screened, 1 if some were not, 2 if the command or the table was wrong. Research use
    only; not a medical device.
    """
    from ichor.imports import require_extra
    from ichor.models.package import DEFAULT_MODEL
    from ichor.read import start_reading_process
    from ichor.screening.inputs import find_scans
    from ichor.screening.out_folder import check_out_folder, make_out_folder
    from ichor.validation.run import Told, plan_validation
    from ichor.validation.run import validate as run
    from ichor.validation.screening import How

    share = None if prevalence is None else _share(prevalence)
    how = How(read_options(window, pixel_mm, slice_mm, None, crop), workers, threads)
    if out is None and not dry_run:
        raise IchorError("--out: expected the folder for the report, found none; only --dry-run works without it")
    if not dry_run:
        require_extra("evaluate", "matplotlib", used_by="ichor validate")
    start_reading_process()
    if out is not None:
        check_out_folder(out)
    plan = plan_validation(find_scans(scans, out), truth, _columns(column or []))
    if dry_run:
        _say(plan)
        return
    assert out is not None
    make_out_folder(out)
    try:
        with _progress() as (screened, compared):
            results = run(
                plan,
                out,
                model or DEFAULT_MODEL,
                operating_point=operating_point,
                prevalence=share,
                matched_only=matched_only,
                against=against,
                how=how,
                told=Told(screened, compared, lambda words: typer.echo(words, err=True)),
            )
    except KeyboardInterrupt:
        typer.echo("ichor: interrupted; run again to continue", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except OutputFailed as error:
        raise OutputFailed(f"{error}; run again to continue") from error
    raise typer.Exit(_close(results, out))


def _columns(given: list[str]) -> dict[str, str]:
    """Names of columns by role."""
    columns = {}
    for one in given:
        role, equals, name = one.partition("=")
        if not equals or not name.strip():
            raise IchorError(f"--column: expected ROLE=NAME, as in hemorrhage=ICH_confirmed, found {one!r:.60}")
        columns[role.strip()] = name.strip()
    return columns


def _share(text: str) -> float:
    """A share between 0 and 1, from a number or a percentage."""
    number = text.strip().removesuffix("%")
    try:
        value = float(number.strip()) / (1 if number == text.strip() else 100)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise IchorError(f"--prevalence: expected a share above 0 and below 1, as in 0.12 or 12%, found {text!r:.40}")
    return value


def _say(plan: Plan) -> None:
    """What a dry run prints."""
    from ichor.screening.names import all_names

    joined, columns = plan.joined, plan.truth.columns
    rows = [(" ".join(one.column.split()), one.role.value, one.says) for one in columns]
    widths = [max(len(row[k]) for row in rows) for k in range(2)]
    for name, role, says in rows:
        typer.echo(f"{name.ljust(widths[0])}  {role.ljust(widths[1])}  {says}")
    known = [row.hemorrhage for row, _ in joined.pairs]
    typer.echo(
        f"{len(joined.pairs)} of {len(plan.truth.rows)} rows have a scan, by {joined.by}: {known.count(True)} with "
        f"hemorrhage, {known.count(False)} without, {known.count(None)} unknown"
    )
    _left("rows without a scan", [str(row.number) for row in joined.rows])
    _left("scans without a row", [all_names(scan)[0] for scan in joined.scans])


def _left(what: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        typer.echo(f"{len(names)} {what}: {', '.join(names[:_NAMED])}{more}")


@contextmanager
def _progress() -> Iterator[tuple[Callable[[Outcome, int], None], Callable[[str], None]]]:
    """Functions that show scans as they are screened and masks as they are compared, a line each on stderr."""
    from ichor.cli.screen_messages import verdict

    done = 0

    def screened(outcome: Outcome, total: int) -> None:
        nonlocal done
        done += 1
        text = f"failed: {outcome.reason}" if outcome.findings is None else verdict(outcome.findings)
        before = " (done before)" if outcome.status == "skipped" else ""
        typer.echo(f"[{done}/{total}] {outcome.job.folder.name}: {text}{before}", err=True)

    def compared(name: str) -> None:
        typer.echo(f"{name}: mask compared with its delineation", err=True)

    yield screened, compared


def _close(results: Mapping[str, Any], out: Path) -> int:
    """Print the main figures and where the report lies; returns the exit code."""
    adjudicated = results["adjudicated"]
    figures = results["figures"] if adjudicated is None else adjudicated["figures"]
    counts, found = figures["scans"], figures["detection"]
    typer.echo(
        f"{counts['counted']} scans, {counts['with_hemorrhage']} with hemorrhage"
        + (f"; {counts['not_screened']} could not be screened" if counts["not_screened"] else "")
    )
    for call, words in (("possible", "possible or suspected"), ("suspected", "suspected")):
        rates = found["calls"][call]
        said = ", ".join(f"{name} {_percent(rates[name])}" for name in ("sensitivity", "specificity"))
        typer.echo(f"Hemorrhage {words}: {said}")
    typer.echo(f"Report: {out / 'report.html'}")
    typer.echo(f"To review the scans on which the model and the truth differ: ichor adjudicate {shlex.quote(str(out))}")
    typer.echo("Research use only; not a medical device.")
    return 1 if counts["not_screened"] else 0


def _percent(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return "not defined"
    low, high = figure["ci95"]
    return f"{100 * figure['value']:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
