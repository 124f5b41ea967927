"""`ichor node account`, `token`, `link` and `audit`: who may see and direct a node, and who did."""

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
    from ichor.serving.access import Access


class RoleName(StrEnum):
    """The names in ichor.node.people.Role, which is not imported here, since its package imports numpy."""

    VIEWER = "viewer"
    OPERATOR = "operator"


FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The node's folder.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")]
TokenArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of the token.")]
RoleOption = Annotated[
    RoleName,
    typer.Option("--role", help="A viewer sees everything; an operator also decides on results and directs the work."),
]

accounts = typer.Typer(
    help="People who may log in to the node's web server. Passwords are asked for in the terminal, or read as one line "
    "from standard input. Changes hold at once.",
    no_args_is_help=True,
)
tokens = typer.Typer(
    help="Programs that may use the node's web server, each by a token. Changes hold at once.", no_args_is_help=True
)


@accounts.command("add")
def add_account(folder: FolderArgument, name: NameArgument, role: RoleOption = RoleName.VIEWER) -> None:
    """Add an account, with a password of 12 characters or more."""
    from ichor.serving.accounts import Accounts
    from ichor.serving.names import require_name

    with _changed(folder, f"account {name} added as {role.value}") as access:
        require_name(name)
        Accounts(access).add(name, role.value, read_password())
    typer.echo(f"{folder}: {name} is added; a node that serves links has to be started again")


@accounts.command("remove")
def remove_account(folder: FolderArgument, name: NameArgument) -> None:
    """Remove an account and end its sessions."""
    from ichor.serving.accounts import Accounts

    with _changed(folder, f"account {name} removed") as access:
        Accounts(access).remove(name)
    typer.echo(f"{folder}: {name} can no longer log in")


@accounts.command("password")
def set_password(folder: FolderArgument, name: NameArgument) -> None:
    """Set a new password and end the sessions of the old one."""
    from ichor.serving.accounts import Accounts

    with _changed(folder, f"password of account {name} set") as access:
        Accounts(access).require(name)  # before the password is asked for
        Accounts(access).set_password(name, read_password())
    typer.echo(f"{folder}: {name} has a new password")


@accounts.command("list")
def list_accounts(folder: FolderArgument) -> None:
    """Print each account's name, role and the day it was added."""
    from ichor.serving.accounts import Accounts

    with _access(folder) as access:
        for one in Accounts(access).all():
            typer.echo(f"{one.name}\t{one.role}\t{one.added_at[:10]}")


@tokens.command("add")
def add_token(
    folder: FolderArgument,
    name: TokenArgument,
    role: RoleOption = RoleName.VIEWER,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="After which it ends.")] = 365,
) -> None:
    """Add a token for a program, and print it: it is not kept, and cannot be shown again.

    The program sends it as `Authorization: Bearer TOKEN`.
    """
    from ichor.serving.tokens import Tokens

    with _changed(folder, f"token {name} added as {role.value}, for {days} days") as access:
        token = Tokens(access).add(name, role.value, days)
    typer.echo(token)


@tokens.command("remove")
def remove_token(folder: FolderArgument, name: TokenArgument) -> None:
    """Remove a token; the program that has it is refused from then on."""
    from ichor.serving.tokens import Tokens

    with _changed(folder, f"token {name} removed") as access:
        Tokens(access).remove(name)
    typer.echo(f"{folder}: the token {name} does not hold any more")


@tokens.command("list")
def list_tokens(folder: FolderArgument) -> None:
    """Print each token's name, role, the day it was added and the day it ends."""
    from ichor.serving.tokens import Tokens

    with _access(folder) as access:
        for one in Tokens(access).all():
            typer.echo(f"{one.name}\t{one.role}\t{one.added_at[:10]}\t{one.ends[:10]}")


def link(folder: FolderArgument) -> None:
    """Print a new one-use link to the worklist, while a node runs that has no accounts."""
    from ichor.node.people import local_person
    from ichor.node.run import is_running
    from ichor.serving.running import announcement
    from ichor.serving.session import new_token

    with _access(folder) as access:
        found = announcement(access)
        if found is None or not is_running(folder):
            raise IchorError(f"{folder}: expected a node with a web server that runs, found none")
        url, entered = found
        if entered == "password":
            raise IchorError(f"{url}: expected a node without accounts, found one that asks for passwords")
        typer.echo(f"{url}/enter?token={new_token(access, local_person().name)}")


def audit(folder: FolderArgument) -> None:
    """Print the audit log: when, who, from where, what, and the study's digest; and whether it is whole.

    Exits with 1 if an entry was changed or removed.
    """
    from ichor.node.status import open_queue

    with open_queue(folder) as queue:
        n = 0
        for n, one in enumerate(queue.audit.entries(), 1):  # noqa: B007
            words = (one.at, one.who, one.role, one.way, one.client, one.did, one.study[:16], one.detail)
            typer.echo("\t".join(words))
        broken = queue.audit.first_broken()
    if broken is not None:
        typer.echo(f"{folder}: entry {broken} of the audit log is not what was written", err=True)
        raise typer.Exit(1)
    typer.echo(f"{n} entries, each as it was written", err=True)


@contextmanager
def _access(folder: Path) -> Iterator[Access]:
    from ichor.node.config import CONFIG

    require_extra("node", "argon2", "fastapi", used_by="ichor node")
    from ichor.serving.access import ACCESS, Access

    if not (folder / CONFIG).is_file():  # a folder without a node gets no accounts
        raise IchorError(f"{folder}: expected the folder of a node, found no {CONFIG}: ichor node init makes one")
    with closing(Access(folder / ACCESS)) as access:
        yield access


@contextmanager
def _changed(folder: Path, what: str) -> Iterator[Access]:
    """Access that is changed inside the block, which the audit log says afterwards."""
    from ichor.node.people import local_person
    from ichor.node.queue.audit import Did
    from ichor.node.queue.queue import Queue

    with _access(folder) as access:
        yield access
        with Queue(folder) as queue:
            queue.audit.add(local_person(), Did.CHANGED_ACCESS, detail=what)
