"""`ichor dataset download DIR`: downloads ct-ich from its publisher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

_LINES = 20  # of progress, if the output is not a terminal


def download(
    out: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder for the dataset; it may hold an earlier download.")
    ],
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="A mirror: the URL of its folder, or of a zip archive."),
    ] = None,
) -> None:
    """Download ct-ich 1.0.0 (112 MB) from PhysioNet.

    Verifies the SHA-256 of each file, then checks the dataset as `ichor dataset check` does. An interrupted download
    continues when the command is given again; files that are already there are not downloaded again.

    Exit status: 0 if the dataset is complete and the check finds no problem, 1 if some files could not be downloaded or
    the check finds problems, 2 if nothing could be downloaded.
    """
    from ichor.cli.dataset_check import check_and_show
    from ichor.dataset.ct_ich.download import OFFICIAL, Download
    from ichor.interruption import INTERRUPTED

    _say_whose_it_is()
    wanted = Download(out, url or OFFICIAL)
    there = wanted.n_files - len(wanted.missing)
    fetched, failed = 0, []
    try:
        with _progress(wanted.n_files, there, wanted.n_bytes) as moved:
            for step in wanted.run():
                if step.reason:
                    failed.append(f"{step.file}: {step.reason}")
                elif step.file:
                    fetched += 1
                moved(step.n_bytes, there + fetched)
    except KeyboardInterrupt:
        left = len(wanted.missing) - fetched
        typer.echo(
            f"ichor: interrupted with {left} of {wanted.n_files} files left; run again to continue",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"{out}: {there + fetched} of {wanted.n_files} files" + (f" ({there} before)" if there else ""))
    if there + fetched < wanted.n_files:
        for one in failed:
            typer.echo(f"failed: {one}", err=True)
        left = wanted.n_files - there - fetched
        typer.echo(f"ichor: {out}: expected all files, found {left} missing; run again to continue", err=True)
        raise typer.Exit(1)
    check_and_show(out)


def _say_whose_it_is() -> None:
    from ichor.dataset.ct_ich.release import RELEASES

    release = RELEASES["1.0.0"]
    typer.echo(f"{release.citation}")
    typer.echo(f"Licence: {release.licence}, {release.licence_url}. Name the authors where you use it.")
    typer.echo("These are scans of real people, children among them. Never try to identify anyone.")


@contextmanager
def _progress(n_files: int, there: int, n_bytes: int) -> Iterator[Callable[[int, int], None]]:
    """Show progress on stderr; yields a function to call with the bytes received since and the files so far."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        shown = there * _LINES // n_files

        def say(_: int, n: int) -> None:
            nonlocal shown
            if n * _LINES // n_files > shown:
                shown = n * _LINES // n_files
                typer.echo(f"[{n}/{n_files}]", err=True)

        yield say
        return

    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=n_bytes)
        yield lambda came, n: bar.update(task, advance=came, description=f"{n} of {n_files} files")
