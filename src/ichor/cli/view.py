"""`ichor view RESULT...`: the results of a screening in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.errors import IchorError
from ichor.imports import require_extra

if TYPE_CHECKING:
    from ichor.read import ScanPath
    from ichor.view.results import Listed

PORT = 8485


def view(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...",
            help="Results of ichor screen: the folder of one scan, or the --out folder with several.",
        ),
    ],
    *,
    scan: Annotated[
        list[Path] | None,
        typer.Option("--scan", metavar="PATH", help="Where the scans are now, if they were moved. Can be repeated."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write a read-only copy of the first result to FILE instead of serving; "
            "includes a prior scan if it is among the other results.",
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port on this machine; 0 for any free one.")] = PORT,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the link without opening a browser.")] = False,
) -> None:
    """Show results of `ichor screen` in this machine's browser until Ctrl-C: scan, outlines, lesions, decisions.

    The scans are read again from their original location. Decisions are stored next to each result; outlines are
    corrected in an annotation project, the folder "annotation" next to the results. A copy (--html) can be opened
    without a network and without Ichor; it contains the head of a patient. Research use only; not a medical device.
    """
    from ichor.screening.inputs import find_scans
    from ichor.view.results import find_results

    require_extra("view", "fastapi", "uvicorn", used_by="ichor view")
    found = find_results(results)
    given = find_scans(scan) if scan else []
    if html is not None:
        _copy(results, found, given, html)
        return
    from ichor.annotate.corrections import Corrections
    from ichor.cli.annotate import PORT as ANNOTATION_PORT
    from ichor.view.server import serve

    count = len(found)
    typer.echo(f"{count} result{'s' * (count != 1)}. Research use only; not a medical device.")
    corrections = Corrections(ANNOTATION_PORT if port else 0)
    serve(found, given, port, corrections, lambda link: _show(link, browser=not no_browser))


def _copy(paths: Sequence[Path], found: Sequence[Listed], given: Sequence[ScanPath], file: Path) -> None:
    """Copy the result at the first path, with a prior scan of the patient if it is among the others."""
    from ichor.annotate.corrections import Corrections
    from ichor.view.copy import write_copy
    from ichor.view.correction import described
    from ichor.view.opened import open_result
    from ichor.view.prior import Priors
    from ichor.view.results import FoundResults, find_results

    first = find_results(paths[:1])
    if len(first) != 1:
        raise IchorError(f"--html: expected one result to copy at {paths[0]}, found {len(first)}")
    opened = open_result(first[0], given)
    results = [first[0], *(one for one in found if one.folder.resolve() != first[0].folder.resolve())]
    number = Priors(FoundResults(results), given).prior(0) if len(results) > 1 else None
    prior = None if number is None else open_result(results[number], given)
    correction = described(opened, Corrections(0).found(opened.listed))
    left_out = write_copy(opened, file, prior, correction)
    typer.echo(f"Copy: {file}" + (f" without {', and '.join(left_out)}" if left_out else ""))
    typer.echo("Research use only; not a medical device.")


def _show(link: str, *, browser: bool) -> None:
    """Print the link, flushed, so that another program can wait for it; and open it."""
    typer.echo(f"Results: {link}")
    typer.echo("The link works once, in one browser on this machine. Press Ctrl-C to stop the server.")
    if browser:
        from ichor.serving.serve import open_browser

        open_browser(link)
