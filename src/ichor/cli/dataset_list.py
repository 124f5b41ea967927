"""`ichor dataset list`: the datasets whose layouts Ichor knows."""

from __future__ import annotations

from typing import Annotated

import typer


def list_datasets(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything that is known about each dataset as JSON.")
    ] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the documentation page on these datasets.")
    ] = False,
) -> None:
    """List the datasets that Ichor reads, with their labels, size, license, and what the license allows.

    Ichor contains none of them: NAME=PATH in other commands says where your copy is. The first column has the names.
    """
    from ichor.dataset.registry import kinds
    from ichor.pages.datasets import datasets_json, datasets_page

    every = [facts for kind in kinds() for facts in kind.facts]
    if as_json:
        import json

        typer.echo(json.dumps(datasets_json(every), indent=2, ensure_ascii=False))
        return
    if as_markdown:
        typer.echo(datasets_page(every), nl=False)
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200  # a file or a pipe has no width to wrap at
    table = Table(box=None, pad_edge=False)
    for title in ("name", "dataset", "labels", "size", "license", "allows"):
        table.add_column(title)
    for facts in every:
        licence = facts.licence
        table.add_row(facts.kind, facts.title, facts.labels_text, facts.size, licence.name, licence.allows)
    console.print(table)
    console.print("\n`ichor dataset list --json` has sources, citations, layouts and pitfalls. Not legal advice.")
