"""`ichor dataset check DATA`: checks that a copy of ct-ich is complete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from ichor.dataset.ct_ich.check import Report

DataArgument = Annotated[
    Path, typer.Argument(metavar="DATA", help="The ct-ich dataset, release 1.0.0 (JPG) or 1.3.1 (NIfTI).")
]


def check(
    data: DataArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Check that a copy of ct-ich is complete and consistent.

    Checks files, tables, and labels against delineations, lists every problem, and prints the fingerprint of the data.

    Exit status: 0 if only the known defects of the release are found, 1 if there are other problems, 2 if DATA is not a
    copy of ct-ich.
    """
    check_and_show(data, as_json=as_json)


def check_and_show(data: Path, *, as_json: bool = False) -> NoReturn:
    """Check and print the result, also at the end of other commands."""
    from ichor.cli.progress import progress
    from ichor.dataset.ct_ich import CtIch
    from ichor.dataset.ct_ich.check import Checker

    dataset = CtIch(data)
    checker = Checker(dataset)
    with progress(len(dataset.subjects)) as done:
        for subject in checker.subjects():
            done(subject)
    found = checker.report()
    if as_json:
        import json

        typer.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        _show_check(found, data)
    raise typer.Exit(1 if found.errors else 0)


def _show_check(found: Report, data: Path) -> None:
    for error in found.errors:
        typer.echo(f"error: {data / error.where}: {error.said}")
    for known in found.known:
        typer.echo(f"known: {data / known.problem.where}: {known.problem.said}; {known.why}")
    for note in found.notes:
        typer.echo(f"note: {note}")
    typer.echo(
        f"ct-ich {found.release}: {found.n_subjects} subjects, {found.n_slices} slices, {found.n_delineated} "
        f"delineated; {len(found.errors)} errors, {len(found.known)} known defects"
    )
    typer.echo(f"fingerprint {found.fingerprint or 'unknown: a file cannot be read'}")
