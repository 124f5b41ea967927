"""`ichor annotate account`: who may log in to a project that is served to other machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ichor.cli.password import read_password
from ichor.errors import IchorError
from ichor.imports import require_extra

if TYPE_CHECKING:
    from ichor.serving.accounts import Accounts


class RoleName(StrEnum):
    """The names in ichor.annotate.project.people.Role, which is not imported here, since its package imports numpy."""

    READER = "reader"
    ADJUDICATOR = "adjudicator"
    ADMIN = "admin"


ProjectArgument = Annotated[Path, typer.Argument(metavar="PROJECT", help="The annotation project's folder.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]

app = typer.Typer(
    help="Manage who may log in to a project that is served to other machines. Passwords are typed in the terminal, or "
    "read as one line from standard input. Changes take effect immediately, even while the server is running.",
    no_args_is_help=True,
)


@app.command()
def add(
    project: ProjectArgument,
    name: NameArgument,
    role: Annotated[
        RoleName,
        typer.Option(
            "--role",
            help="A reader reads; an adjudicator settles disagreements; an admin assigns scans and exports.",
        ),
    ] = RoleName.READER,
) -> None:
    """Add an account, with a password of 12 characters or more."""
    from ichor.annotate.project.glance import reader_names
    from ichor.annotate.project.store import require_name

    with _accounts(project) as accounts:
        require_name(name)
        there = {one.casefold(): one for one in reader_names(project)}.get(name.casefold())
        if there is not None and role is not RoleName.READER:
            raise IchorError(f"expected a name for an {role.value} that no reader of the project has, found {there!r}")
        if accounts.find(name) is not None:
            raise IchorError(f"expected a new name, found {name!r}, which has an account")
        accounts.add(there or name, role.value, read_password())
        typer.echo(f"{project}: {there or name} is {_article(role.value)}")


@app.command()
def remove(project: ProjectArgument, name: NameArgument) -> None:
    """Remove an account and end its sessions. What its owner has drawn stays in the project."""
    with _accounts(project) as accounts:
        accounts.remove(name)
    typer.echo(f"{project}: {name} can no longer log in")


@app.command()
def password(project: ProjectArgument, name: NameArgument) -> None:
    """Set a new password and end the sessions of the old one."""
    with _accounts(project) as accounts:
        accounts.require(name)  # before the password is asked for
        accounts.set_password(name, read_password())
    typer.echo(f"{project}: {name} has a new password")


@app.command("list")
def list_(project: ProjectArgument) -> None:
    """Print each account's name, role and the day it was added."""
    with _accounts(project) as accounts:
        for one in accounts.all():
            typer.echo(f"{one.name}\t{one.role}\t{one.added_at[:10]}")


@contextmanager
def _accounts(project: Path) -> Iterator[Accounts]:
    from ichor.annotate.project.glance import reader_names

    require_extra("annotate", "argon2", "fastapi", used_by="ichor annotate account")
    from ichor.serving.access import ACCESS, Access
    from ichor.serving.accounts import Accounts

    reader_names(project)  # a folder without a project gets no accounts
    with closing(Access(project / ACCESS)) as access:
        yield Accounts(access)


def _article(role: str) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"
