"""The `ichor` command: a thin layer that parses arguments, calls the library and shows results.

Each command is one file here with one function of its name; heavy modules are imported inside that function, so
that `ichor --help` is fast.
"""

from __future__ import annotations

import os
import sys

import typer

from ichor.cli.adjudicate import adjudicate
from ichor.cli.annotate import app as annotate
from ichor.cli.compare import compare
from ichor.cli.crossval import crossval
from ichor.cli.dataset import app as dataset
from ichor.cli.evaluate import evaluate
from ichor.cli.fetch import fetch
from ichor.cli.inspect import inspect
from ichor.cli.leaving import leave
from ichor.cli.memory import restart_keeping_memory
from ichor.cli.node import app as node
from ichor.cli.publish import publish
from ichor.cli.quantize import quantize
from ichor.cli.recalibrate import recalibrate
from ichor.cli.results import results
from ichor.cli.screen import screen
from ichor.cli.train import export, train
from ichor.cli.validate import validate
from ichor.cli.view import view
from ichor.errors import IchorError
from ichor.interruption import exit_code, listening
from ichor.version import __version__

app = typer.Typer(
    name="ichor",
    help="Finds and delineates intracranial hemorrhage on head CT. Research use only; not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(inspect)
app.command()(screen)
app.command()(view)
app.command()(validate)
app.command()(adjudicate)
app.command()(recalibrate)
app.command()(fetch)
app.command()(train)
app.command()(crossval)
app.command()(export)
app.command()(quantize)
app.command()(evaluate)
app.command()(compare)
app.command()(publish)
app.command()(results)
app.add_typer(dataset, name="dataset")
app.add_typer(annotate, name="annotate")
app.add_typer(node, name="node")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ichor {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Options before any command."""


def command() -> None:
    """Run `main`, then end the process."""
    try:
        main()
    except SystemExit as asked:
        leave(asked.code)


def main() -> None:
    """Run the command line. For errors that the user can fix: exit code 2 and one line on stderr."""
    if sys.argv[1:2] in (["train"], ["crossval"]):
        restart_keeping_memory()
    try:
        with listening():
            app()
    except IchorError as error:
        typer.echo(f"ichor: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # The program that reads our output (head, less) has ended; that is not an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except SystemExit as asked:  # typer ends every command this way, also a successful one
        sys.exit(exit_code(asked.code))
