"""`ichor compare FOLDER FOLDER...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.cli.data import CopiesOption, DataOption, opened
from ichor.errors import IchorError


def compare(
    folders: Annotated[list[Path], typer.Argument(help="The folders of two or more runs.")],
    data: DataOption,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write the comparison as JSON.")
    ] = None,
    leave_out_copies: CopiesOption = False,
) -> None:
    """Compare the metrics of runs and test their differences.

    Differences are tested on the subjects that the runs share; each is the later folder's value minus the earlier
    one's. Prints Markdown.
    """
    import json

    from ichor.atomic import write_whole
    from ichor.pages.compared import comparison_page
    from ichor.runs.compare import compare as compare_folders

    if as_json is not None and not as_json.absolute().parent.is_dir():
        raise IchorError(f"--json: expected a file in a folder that exists, found {as_json}")
    comparison = compare_folders(folders, opened(data, leave_out_copies=leave_out_copies))
    if as_json is not None:
        write_whole(as_json, json.dumps(comparison, indent=1, allow_nan=False) + "\n")
    typer.echo(comparison_page(comparison), nl=False)
