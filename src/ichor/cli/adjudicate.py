"""`ichor adjudicate DIR`: shows the scans on which the model and the truth differ in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PORT = 8487  # the links of a validation's report lead there


def adjudicate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of ichor validate.")],
    *,
    scan: Annotated[
        list[Path] | None,
        typer.Option("--scan", metavar="PATH", help="Where the scans are now, if they were moved. Can be repeated."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", help="Port on this machine; 0 for any free one. The report's links need 8487.")
    ] = PORT,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the link without opening a browser.")] = False,
) -> None:
    """Review the scans on which the model and the truth differ, in this machine's browser, until Ctrl-C.

    Where the table is wrong, the truth can be corrected, with a name and a comment. Corrections are kept in
    DIR/adjudication.json; the table is not changed, and the report shows the figures for both. Research use only; not a
    medical device.
    """
    from ichor.annotate.corrections import Corrections
    from ichor.cli.annotate import PORT as ANNOTATION_PORT
    from ichor.imports import require_extra
    from ichor.screening.inputs import find_scans
    from ichor.serving.serve import open_browser
    from ichor.validation.adjudicating import Adjudicating, open_validation
    from ichor.view.server import serve

    require_extra("view", "fastapi", "uvicorn", used_by="ichor adjudicate")
    require_extra("evaluate", "matplotlib", used_by="ichor adjudicate")
    validated, results = open_validation(folder)
    truths = Adjudicating(folder, validated)
    summary = truths.summary()
    typer.echo(
        f"The model and the truth differ on {summary['differ']} of {len(results)} scans; "
        f"{summary['ruled']} adjudicated."
    )
    typer.echo("Research use only; not a medical device.")

    def ready(link: str) -> None:
        typer.echo(f"Scans: {link}")
        typer.echo("The link works once, in one browser on this machine. Press Ctrl-C to stop the server.")
        if not no_browser:
            open_browser(link)

    try:
        serve(
            results, find_scans(scan) if scan else [], port, Corrections(ANNOTATION_PORT if port else 0), ready, truths
        )
    finally:
        truths.close()
        typer.echo(f"Report: {folder / 'report.html'}")
