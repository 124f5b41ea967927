"""`ichor dataset check DATA`: checks that copies of datasets are complete and consistent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ichor.cli.data import DataArguments

if TYPE_CHECKING:
    from ichor.dataset.base import Dataset
    from ichor.dataset.check_report import CheckReport


def check(
    data: DataArguments,
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Check that a copy of a dataset is complete and consistent.

    Reads every subject, compares labels with delineations, finds duplicate scans, lists every problem, and prints the
    fingerprint of the data. If several datasets are given, each is checked; `ichor dataset overlaps` compares them.

    Exit status: 0 if only the known defects of the release are found, 1 if there are other problems, 2 if DATA is not a
    dataset that Ichor reads.
    """
    from ichor.dataset.together import open_data, parts_of

    raise typer.Exit(_check_all([*parts_of(open_data(data)).values()], as_json=as_json))


def check_and_show(data: Path) -> NoReturn:
    """Check and print the result, at the end of other commands."""
    from ichor.dataset.registry import open_dataset

    raise typer.Exit(_check_all([open_dataset(data)], as_json=False))


def _check_all(datasets: list[Dataset], *, as_json: bool) -> int:
    found = [(dataset, _checked(dataset)) for dataset in datasets]
    if as_json:
        import json

        reports = [report.as_json() for _, report in found]
        typer.echo(json.dumps(reports[0] if len(reports) == 1 else reports, indent=2, ensure_ascii=False))
    else:
        for dataset, report in found:
            _show(report, dataset.root)
    return 1 if any(report.errors for _, report in found) else 0


def _checked(dataset: Dataset) -> CheckReport:
    from ichor.cli.progress import progress
    from ichor.dataset.check import Checker
    from ichor.dataset.registry import kind_of

    checker = (kind_of(dataset).check or Checker)(dataset)
    with progress(len(dataset.subjects)) as done:
        for subject in checker.subjects():
            done(subject)
    return checker.report()


def _show(found: CheckReport, data: Path) -> None:
    for error in found.errors:
        typer.echo(f"error: {data / error.where}: {error.said}")
    for known in found.known:
        typer.echo(f"known: {data / known.problem.where}: {known.problem.said}; {known.why}")
    for note in found.notes:
        typer.echo(f"note: {note}")
    typer.echo(found.summary)
    typer.echo(f"fingerprint {found.fingerprint or 'unknown: a file cannot be read'}")
