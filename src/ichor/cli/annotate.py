"""`ichor annotate PROJECT`: the annotation tool in the browser, and commands for import, export and accounts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ichor.cli.annotate_account import app as accounts
from ichor.cli.annotate_export import export
from ichor.cli.annotate_import import import_
from ichor.cli.annotate_link import link
from ichor.cli.annotate_network import CertificateOption, HostOption, KeyOption, SelfSignedOption, certificate_of
from ichor.cli.options import CropOption, PixelOption, SeriesOption, SliceOption, WindowOption, read_options
from ichor.errors import IchorError, OutputFailed
from ichor.imports import require_extra

if TYPE_CHECKING:
    from ichor.annotate.project import Project
    from ichor.read.base import ReadOptions
    from ichor.serving.address import Address

# Always the same, so that a page that was left open finds the server again after a restart.
PORT = 8484
# Each takes all words up to the next option, which `--add scans/*` in a shell requires.
OF_MANY = ("--add", "--reader")


class ProjectOrCommand(TyperGroup):
    """A command group in which a word that is not a command is a project to open."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `open` before a project, and repeat each multi-valued option before each of its values."""
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["open", *args]
        return super().parse_args(ctx, [*args[:1], *spread(args[1:])] if args[:1] == ["open"] else args)


app = typer.Typer(
    cls=ProjectOrCommand,
    help="Delineate and label hemorrhage in the browser: `ichor annotate PROJECT [--add PATH...] [--reader NAME...]`. "
    "Research use only; not a medical device.",
    no_args_is_help=True,
    subcommand_metavar="PROJECT [OPTIONS] | COMMAND [ARGS]...",
)


@app.command("open")
def open_(
    project: Annotated[
        Path, typer.Argument(metavar="PROJECT", help="The project's folder; --add creates it if needed.")
    ],
    add: Annotated[
        list[Path] | None,
        typer.Option("--add", metavar="PATH...", help="Scans, or folders of scans, to add to the project first."),
    ] = None,
    reader: Annotated[
        list[str] | None,
        typer.Option("--reader", metavar="NAME...", help="Readers; each gets a link. Default: those of the project."),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", metavar="NAME", help="Subject of the added scans. Default: each scan is its own subject."
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port on this machine; 0 for any free one.")] = PORT,
    host: HostOption = None,
    certificate: CertificateOption = None,
    key: KeyOption = None,
    self_signed: SelfSignedOption = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the links without opening a browser.")
    ] = False,
    window: WindowOption = None,
    pixel_mm: PixelOption = None,
    slice_mm: SliceOption = None,
    crop: CropOption = None,
    series: SeriesOption = None,
) -> None:
    """Serve PROJECT to this machine's browsers until Ctrl-C, and print a one-use link for each reader.

    Opens the browser with the first reader's link. This is what `ichor annotate PROJECT` does. With --host, serve it to
    other machines over TLS: people log in with the passwords of `ichor annotate account`.
    """

    require_extra("annotate", "fastapi", "uvicorn", used_by="ichor annotate")
    from ichor.annotate.joining import join
    from ichor.annotate.project import open_project
    from ichor.annotate.server.serve import serve
    from ichor.serving.address import LOOPBACK

    where = host or LOOPBACK
    served_with = certificate_of(project, where, certificate, key, self_signed=self_signed)
    options = read_options(window, pixel_mm, slice_mm, series, crop)
    if not add and (subject or window or pixel_mm or slice_mm or crop or series):
        raise IchorError("expected scans to --add with the options for reading them, found none")
    with open_project(project, create=bool(add)) as opened:
        readers = join(opened, reader or [], alone=served_with is None)
        _take_in(opened, add or [], subject, options)
        count = len(opened.scans())
        typer.echo(f"{project}: {count} scan{'s' * (count != 1)}. Research use only; not a medical device.")
        serve(
            opened,
            readers,
            port,
            lambda address, links: _show(address, links, browser=not no_browser),
            where,
            served_with,
        )
    typer.echo(f"{project}: closed; the folder can be copied now")


app.command("import")(import_)
app.command()(export)
app.command()(link)
app.add_typer(accounts, name="account")


def spread(words: Sequence[str]) -> list[str]:
    """Rewrite `--add a b` as `--add a --add b`; an option without a value stays, and is refused later."""
    result: list[str] = []
    option = None
    for word in words:
        if word.startswith("-"):
            option = word if word in OF_MANY else None
            result.append(word)
        elif option and result[-1] != option:
            result += [option, word]
        else:
            result.append(word)
    return result


def _take_in(project: Project, paths: Sequence[Path], subject: str | None, options: ReadOptions) -> None:
    """Add scans one by one; those that cannot be read are reported, and the others are still added."""
    if not paths:
        return
    from ichor.annotate.intake import find_intakes, take_in
    from ichor.cli.progress import progress

    intakes = find_intakes(project, paths, subject)
    failed: list[str] = []
    with progress(len(intakes)) as done:
        for intake in intakes:
            try:
                take_in(project, intake, options)
                done(intake.name)
            except OutputFailed as error:
                raise OutputFailed(f"{error}; the scans from {intake.name} on were not added") from error
            except IchorError as error:
                failed.append(str(error))
                done(f"{intake.name}: failed")
    if failed and not project.scans():
        raise IchorError(failed[0] if len(failed) == 1 else f"{failed[0]} (and {len(failed) - 1} more failed)")
    for line in failed:
        typer.echo(f"failed: {line}", err=True)


def _show(address: Address, links: dict[str, str], *, browser: bool) -> None:
    """Print the links, flushed so that another program can wait for them, and open the first one in the browser."""
    if address.certificate is not None:
        typer.echo(f"Certificate, SHA-256: {address.certificate.fingerprint()}")
        typer.echo(f"{address.url}/ for everyone with an account. Press Ctrl-C to stop the server.")
        return
    for reader, own in links.items():
        typer.echo(f"{reader}: {own}")
    typer.echo("Each link works once, in one browser on this machine. Press Ctrl-C to stop the server.")
    if browser:
        from ichor.serving.serve import open_browser

        open_browser(next(iter(links.values())))
