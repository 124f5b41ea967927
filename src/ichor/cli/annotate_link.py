"""`ichor annotate link PROJECT NAME`: a new link while the server is running."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ichor.errors import IchorError


def link(
    project: Annotated[Path, typer.Argument(metavar="PROJECT", help="The project that is being served.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who gets the link.")],
) -> None:
    """Print a new one-use link for a reader whose browser lost its session, while `ichor annotate PROJECT` runs."""
    from ichor.annotate.project.glance import is_open, reader_names
    from ichor.serving.access import ACCESS, Access
    from ichor.serving.accounts import Accounts
    from ichor.serving.running import announcement
    from ichor.serving.session import new_token

    readers = reader_names(project)
    with closing(Access(project / ACCESS)) as access:
        found = announcement(access)
        if found is None or not is_open(project):
            raise IchorError(f"{project}: expected a running server, found none: start ichor annotate {project}")
        url, entered = found
        if entered == "password":
            raise IchorError(
                f"{url}: expected a server that gives out links, found one that asks for passwords; "
                f"set a new one with ichor annotate account password {project} {name}"
            )
        names = {one.casefold(): one for one in (*readers, *(each.name for each in Accounts(access).all()))}
        if name.casefold() not in names:
            raise IchorError(f"expected one of {', '.join(names.values())}, found {name!r}")
        typer.echo(f"{url}/enter?token={new_token(access, names[name.casefold()])}")
