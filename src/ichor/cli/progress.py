"""Progress of a command that processes many items: a bar on a terminal, a line for each item elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show progress on stderr; yields a function to call with the name of each of `total` items when it is done."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        done = 0

        def say(name: str) -> None:
            nonlocal done
            done += 1
            typer.echo(f"[{done}/{total}] {name}", err=True)

        yield say
        return

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda name: bar.update(task, advance=1, description=name)
