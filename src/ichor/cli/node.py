"""`ichor node`: receives studies over the DICOM network, screens them and delivers the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.node_access import accounts, audit, link, tokens
from ichor.cli.node_backup import backup, restore
from ichor.cli.node_drift import drift
from ichor.errors import IchorError
from ichor.imports import require_extra

if TYPE_CHECKING:
    from ichor.node.config import Web
    from ichor.node.status import Status
    from ichor.view.correction import Corrector

app = typer.Typer(
    help="A DICOM network node that receives studies, screens them and delivers the results. Research use only; not a "
    "medical device.",
    no_args_is_help=True,
)

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The node's folder.")]
MOST_SHOWN = 20
# What a running node needs, checked before anything else is imported.
PACKAGES = (
    "pynetdicom",
    "dicomweb_client",
    "highdicom",
    "hl7",
    "prometheus_client",
    "fastapi",
    "uvicorn",
    "argon2",
    "cryptography",
    "python_multipart",
)


@app.command()
def init(folder: FolderArgument) -> None:
    """Create FOLDER, readable by its owner only, with a commented configuration file, node.yaml."""
    from importlib.resources import files

    from ichor.atomic import make_folder, reporting_disk_errors, write_whole
    from ichor.node.config import CONFIG

    file = folder / CONFIG
    if file.exists():
        raise IchorError(f"{file}: expected no configuration yet, found one, which is kept")
    with reporting_disk_errors(file):
        make_folder(folder, private=True)
        write_whole(file, (files("ichor.node") / CONFIG).read_bytes(), private=True)
    typer.echo(f"{file}: created. Enter the senders and destinations, then run: ichor node run {folder}")


@app.command()
def run(folder: FolderArgument) -> None:
    """Run the node in FOLDER until Ctrl-C or SIGTERM.

    Every image that the node has acknowledged is on disk and in the queue: after a crash or a kill, the next run
    continues where this one stopped.
    """
    require_extra("node", *PACKAGES, used_by="ichor node")
    from threading import Event

    from ichor.node.config import read_config
    from ichor.node.logs import log, log_to_stderr
    from ichor.node.run import Node

    config = read_config(folder)
    if not config.senders:
        raise IchorError(
            f"{folder}: expected at least one sender in node.yaml, found none, so nobody could send images"
        )
    corrector = None
    if config.web is not None:
        corrector = _corrector(config.web)
    log_to_stderr(config.log)
    with Node(folder, config, corrector) as node:
        listener = config.listener
        try:
            typer.echo("Research use only; not a medical device.")
            typer.echo(
                f"{listener.ae_title} listens at {listener.address} port {node.port}. Press Ctrl-C to stop the node."
            )
            if node.web is not None:
                typer.echo(node.web.where)
            while True:
                Event().wait(3600)
        except KeyboardInterrupt:
            log.info("stopping; unfinished work continues in the next run")


@app.command()
def status(
    folder: FolderArgument,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show the number of studies in each state, the studies without findings, and the failed deliveries."""
    from ichor.node.status import status_of

    found = status_of(folder)
    typer.echo(json.dumps(found.as_json(), indent=1) if as_json else "\n".join(_lines(found)))


@app.command()
def retry(
    folder: FolderArgument,
    number: Annotated[
        int | None,
        typer.Argument(metavar="[NUMBER]", help="The number of a delivery, as shown by status; default: all."),
    ] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Also analyze failed studies again.")] = False,
) -> None:
    """Retry deliveries that were given up. A running node starts immediately."""
    from ichor.node.people import local_person
    from ichor.node.queue.audit import Did
    from ichor.node.status import open_queue

    with open_queue(folder) as queue:
        deliveries = queue.deliveries.retry(number)
        if number is not None and not deliveries:
            raise IchorError(f"{folder}: expected the number of a delivery that was given up, found {number}")
        queue.audit.add(local_person(), Did.RETRIED, detail=f"delivery {number or 'of any number'}")
        typer.echo(f"deliveries to retry: {deliveries}")
        if failed:
            typer.echo(f"studies to analyze again: {queue.analyses.retry_failed()}")


app.command()(backup)
app.command()(restore)
app.command()(drift)
app.command()(audit)
app.command()(link)
app.add_typer(accounts, name="account")
app.add_typer(tokens, name="token")


def _corrector(web: Web) -> Corrector | None:
    """The annotation tool for the viewer of results, where all its readers are on this machine, as the tool is."""
    if web.tls is not None:
        return None
    from ichor.annotate.corrections import Corrections

    return Corrections(0)


def _lines(found: Status) -> list[str]:
    lines = ["running" if found.running else "not running"]
    lines += [f"{count:6} {state}" for state, count in found.studies.items()] or ["no studies yet"]
    for title, rows in (
        ("without findings:", [f"{one.result}: {one.state}: {one.reason}" for one in found.problems]),
        (
            "not yet delivered:",
            [
                f"{one.id}: {one.name} to {one.destination}, {one.attempts} attempts: {one.reason}"
                for one in found.pending
            ],
        ),
        (
            "given up (ichor node retry):",
            [f"{one.id}: {one.name} to {one.destination}: {one.reason}" for one in found.dead],
        ),
    ):
        if rows:
            more = [f"  and {len(rows) - MOST_SHOWN} more: --json shows all"] if len(rows) > MOST_SHOWN else []
            lines += [title, *(f"  {row}" for row in rows[:MOST_SHOWN]), *more]
    return lines
