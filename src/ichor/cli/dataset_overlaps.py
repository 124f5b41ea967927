"""`ichor dataset overlaps`: scans that are in two datasets."""

from __future__ import annotations

from typing import Annotated

import typer

from ichor.cli.data import DataArguments


def overlaps(
    data: DataArguments,
    as_json: Annotated[bool, typer.Option("--json", help="Print the pairs as JSON.")] = False,
) -> None:
    """Find scans that occur in two datasets, or twice in one, by comparing their images.

    A scan is recognized in another file format, with other pixel sizes or margins, mirrored, or as gray images in a
    brain window. Training and cross-validation on several datasets refuse such pairs.

    Exit status: 0 if there are none, 1 if there are some.
    """
    from ichor.cli.progress import progress
    from ichor.dataset.images.overlaps import copies_in, copies_within, prints_in
    from ichor.dataset.together import open_data

    dataset = open_data(data)
    with progress(len(dataset.subjects)) as done:
        copies = copies_in(dataset, done) if dataset.parts else copies_within(prints_in(dataset, done))
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps([asdict(one) for one in copies], indent=2))
    else:
        for one in copies:
            typer.echo(f"{one.first} and {one.second}: the same images (correlation {one.correlation:.3f})")
        typer.echo(f"{len(dataset.subjects)} scans: {len(copies)} pairs with the same images")
    raise typer.Exit(1 if copies else 0)
