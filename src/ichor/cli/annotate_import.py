"""`ichor annotate import PROJECT DATA`: masks of ct-ich or of a screening as a reader's annotation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ichor.errors import IchorError


def import_(
    project: Annotated[
        Path, typer.Argument(metavar="PROJECT", help="The annotation project's folder; created if needed.")
    ],
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="The ct-ich dataset, an export in its layout, or results of ichor screen."),
    ],
    reader: Annotated[str, typer.Option("--reader", metavar="NAME", help="Reader to whom the annotation is assigned.")],
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", metavar="NNN", help="Import only this subject; can be repeated. Default: all."),
    ] = None,
    scan: Annotated[
        list[Path] | None,
        typer.Option("--scan", metavar="PATH", help="Where the scans of the results are now, if they were moved."),
    ] = None,
) -> None:
    """Add the scans of DATA to PROJECT, with the masks and labels of the dataset, or the outlines of the results.

    The reading of a dataset is finished, and a region gets its subtype from DATA's regions.json, or its slice's subtype
    if there is only one. Results give the model's outlines, to be corrected; the model does not run again. Exit
    status: 0 if all were added, 1 if some were left out. Research use only; not a medical device.
    """
    from ichor.view.results import holds_results

    if holds_results(data):
        if subject:
            raise IchorError("--subject: expected subjects of a dataset, found results of ichor screen")
        _import_results(project, data, reader, scan or [])
    if scan:
        raise IchorError(f"--scan: expected results of ichor screen, found none in {data}")
    _import_ct_ich(project, data, reader, sorted(set(subject or ())))


def _import_ct_ich(project: Path, data: Path, reader: str, wanted: Sequence[str]) -> NoReturn:
    from ichor.annotate.import_delineations import import_ct_ich
    from ichor.annotate.project import open_project
    from ichor.dataset.ct_ich import CtIch

    n_wanted = len(wanted or CtIch(data).subjects)
    with open_project(project, create=True) as opened:
        _end(project, reader, "subjects", n_wanted, import_ct_ich(opened, data, reader, wanted))


def _import_results(project: Path, data: Path, reader: str, scan: list[Path]) -> NoReturn:
    from ichor.annotate.import_results import import_results
    from ichor.annotate.project import open_project
    from ichor.screening.inputs import find_scans
    from ichor.view.results import find_results

    results = find_results([data])
    given = find_scans(scan) if scan else []
    with open_project(project, create=True) as opened:
        _end(project, reader, "scans", len(results), import_results(opened, results, reader, given))


def _end(project: Path, reader: str, what: str, count: int, each: Iterator[tuple[str, str]]) -> NoReturn:
    """Import each with progress, list what was left out, and exit."""
    from ichor.cli.progress import progress

    left_out = {}
    with progress(count) as done:
        for name, reason in each:
            if reason:
                left_out[name] = reason
            done(name)
    typer.echo(f"{project}: {count - len(left_out)} of {count} {what} added for {reader}")
    for name, reason in left_out.items():
        typer.echo(f"left out: {name}: {reason}", err=True)
    raise typer.Exit(1 if left_out else 0)
