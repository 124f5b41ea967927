"""`ichor dataset export DATA`: ct-ich in the layout of another tool."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Layout(StrEnum):
    """The names in ichor.dataset.export.run.LAYOUTS, which is not imported here, since it imports numpy."""

    NNUNET = "nnunet"
    BIDS = "bids"
    DICOM = "dicom"


def export(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="The ct-ich dataset, release 1.0.0 or 1.3.1.")],
    to: Annotated[Layout, typer.Option("--to", help="The layout: nnU-Net raw, BIDS-like, or DICOM series with SEG.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="The folder to write; it may hold an interrupted export.")
    ],
    subject: Annotated[
        list[str] | None,
        typer.Option(
            "--subject", metavar="NNN", help="Export only this subject. Can be repeated; by default all are exported."
        ),
    ] = None,
) -> None:
    """Convert ct-ich to the layout of another tool.

    Writes scans, delineations and labels. An interrupted export continues when the command is given again. The license
    of the dataset applies to what is written.

    Exit status: 0 if all subjects are written, 1 if some of several could not be read, 2 if the only one could not, or
    the command is wrong.
    """
    from ichor.cli.progress import progress
    from ichor.dataset.ct_ich import CtIch
    from ichor.dataset.export.run import Outcome
    from ichor.dataset.export.run import export as export_subjects
    from ichor.errors import IchorError
    from ichor.interruption import INTERRUPTED, check

    dataset = CtIch(data)
    wanted = sorted(set(subject)) if subject else dataset.subjects
    outcomes: list[Outcome] = []
    try:
        with progress(len(wanted)) as done:
            for outcome in export_subjects(dataset, to.value, out, wanted):
                outcomes.append(outcome)
                done(f"{outcome.subject}: {outcome.reason}" if outcome.reason else outcome.subject)
                check()
    except KeyboardInterrupt:
        left = len(wanted) - len(outcomes)
        typer.echo(
            f"ichor: interrupted with {left} of {len(wanted)} subjects left; run again to continue",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    failed = [one for one in outcomes if one.reason]
    if len(failed) == len(wanted) == 1:
        raise IchorError(failed[0].reason)
    before = len(outcomes) - len(failed) - sum(one.written for one in outcomes)
    typer.echo(
        f"{out}: {len(outcomes) - len(failed)} of {len(wanted)} subjects" + (f" ({before} before)" if before else "")
    )
    for one in failed:
        typer.echo(f"failed: {one.reason}", err=True)
    raise typer.Exit(1 if failed else 0)
