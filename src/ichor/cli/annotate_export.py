"""`ichor annotate export PROJECT`: writes annotations in the layout of a dataset or of another tool."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Target(StrEnum):
    """The names in ichor.annotate.export.run.TARGETS, which is not imported here, since it imports numpy."""

    CT_ICH = "ct-ich"
    NIFTI = "nifti"
    DICOM_SEG = "dicom-seg"
    NNUNET = "nnunet"
    COCO = "coco"


def export(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="The annotation project's folder.")],
    to: Annotated[Target, typer.Option("--to", help="Layout to write.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New or empty folder.")],
) -> None:
    """Write the finished scans of PROJECT with their final annotation into a new folder.

    The final annotation is the finished consensus, or the reading that all finished readers agree on. Scans that
    nobody has finished, whose readers disagree, or whose labels and regions do not match are listed and left out.
    Existing files are never overwritten, and an interrupted export leaves nothing behind. Exit status: 0 if all scans
    were written, 1 if some were left out, 2 if none could be written, or the command was wrong. Research use only; not
    a medical device.
    """
    from ichor.annotate.export.run import Outcome
    from ichor.annotate.export.run import export as export_scans
    from ichor.annotate.project import open_project
    from ichor.cli.progress import progress
    from ichor.interruption import INTERRUPTED

    outcomes: list[Outcome] = []
    try:
        with open_project(project) as opened, progress(len(opened.scans())) as done:
            for outcome in export_scans(opened, to.value, out):
                outcomes.append(outcome)
                done(f"scan {outcome.record.id} {'left out' if outcome.reason else 'as ' + outcome.case}")
    except KeyboardInterrupt:
        typer.echo("ichor: interrupted; nothing was written", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        left_out = [one for one in outcomes if one.reason]
        for one in left_out:
            typer.echo(f"left out: scan {one.record.id} ({one.record.name}): {one.reason}", err=True)
    typer.echo(f"{out}: {len(outcomes) - len(left_out)} of {len(outcomes)} scans as {to.value}. Research use only.")
    for one in outcomes:
        for note in one.notes:
            typer.echo(f"{one.case}: {note}")
    raise typer.Exit(1 if left_out else 0)
