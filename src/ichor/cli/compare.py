"""`ichor compare FOLDER FOLDER...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ichor.errors import IchorError


def compare(
    folders: Annotated[list[Path], typer.Argument(help="Two or more folders as `ichor evaluate` takes them.")],
    data: Annotated[Path, typer.Option("--data", help="The ct-ich dataset that the results are on.")],
    as_json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write it as JSON too.")] = None,
) -> None:
    """Set the figures of runs side by side, and test their differences on the subjects they share.

    The page is Markdown. A difference is the later folder's figure less the earlier one's.
    """
    import json

    from ichor.atomic import write_whole
    from ichor.dataset.base import open_dataset
    from ichor.pages.compared import comparison_page
    from ichor.runs.compare import compare as compare_folders

    if as_json is not None and not as_json.absolute().parent.is_dir():
        raise IchorError(f"--json: expected a file in a folder that exists, found {as_json}")
    comparison = compare_folders(folders, open_dataset(data))
    if as_json is not None:
        write_whole(as_json, json.dumps(comparison, indent=1, allow_nan=False) + "\n")
    typer.echo(comparison_page(comparison), nl=False)
