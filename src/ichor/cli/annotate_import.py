"""`ichor annotate import PROJECT DATA`: ct-ich's own masks and labels as a reader's annotation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_ct_ich(
    project: Annotated[
        Path, typer.Argument(metavar="PROJECT", help="The annotation project's folder; created if needed.")
    ],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="The ct-ich dataset, or an export in its layout.")],
    reader: Annotated[str, typer.Option("--reader", metavar="NAME", help="Reader to whom the annotation is assigned.")],
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", metavar="NNN", help="Import only this subject; can be repeated. Default: all."),
    ] = None,
) -> None:
    """Add the subjects of DATA to PROJECT, with the masks and labels of the dataset as a finished reading.

    A region gets the subtype that DATA's regions.json gives, or its slice's subtype if there is only one. Exit code 0:
    all subjects were added; 1: some were left out. Research use only; not a medical device.
    """
    from ichor.annotate.import_delineations import import_ct_ich as add
    from ichor.annotate.project import open_project
    from ichor.cli.progress import progress
    from ichor.dataset.ct_ich import CtIch

    wanted = sorted(set(subject or ()))
    n_wanted = len(wanted or CtIch(data).subjects)
    left_out = {}
    with open_project(project, create=True) as opened, progress(n_wanted) as done:
        for number, reason in add(opened, data, reader, wanted):
            if reason:
                left_out[number] = reason
            done(number)
    typer.echo(f"{project}: {n_wanted - len(left_out)} of {n_wanted} subjects added for {reader}")
    for number, reason in left_out.items():
        typer.echo(f"left out: {number}: {reason}", err=True)
    raise typer.Exit(1 if left_out else 0)
