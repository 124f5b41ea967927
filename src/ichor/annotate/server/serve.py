"""Serves a project until it is stopped: on loopback, or to others over TLS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from ichor.annotate.project import Project
from ichor.errors import IchorError
from ichor.serving.address import LOOPBACK, Address, loopback, over_tls
from ichor.serving.certificate import Certificate
from ichor.serving.serve import link, listening, serve_app

# Called with the server's address and each reader's one-use link; except on loopback, there are passwords and no links.
Ready = Callable[[Address, dict[str, str]], None]


def serve(
    project: Project,
    readers: Sequence[str],
    port: int,
    ready: Ready,
    host: str = LOOPBACK,
    certificate: Certificate | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called when the server can be reached.

    Port 0 means any free one. With a certificate, the server uses TLS and asks for passwords. Raises IchorError if the
    port is in use, or if nobody could log in.
    """
    from ichor.annotate.server.app import create_app
    from ichor.annotate.server.context import Context
    from ichor.serving.access import ACCESS, Access
    from ichor.serving.accounts import Accounts
    from ichor.serving.running import announced
    from ichor.serving.session import Entered, Sessions

    with closing(Access(project.folder / ACCESS)) as access, listening(port, host) as listener:
        number = listener.getsockname()[1]
        accounts = Accounts(access)
        if certificate is not None and not accounts.all():
            raise IchorError(
                "expected accounts for people on other machines, found none: "
                f"add some with ichor annotate account add {project.folder} NAME"
            )
        address = loopback(number, host) if certificate is None else over_tls(number, certificate)
        entered: Entered = "link" if certificate is None else "password"
        sessions = Sessions(number, project.key(), access, entered=entered)
        sessions.forget_old()
        context = Context.of(project, sessions, accounts)
        names = {} if certificate else dict.fromkeys([*readers, *context.people.roles])
        links = {name: link(address, token) for name, token in sessions.new_tokens(names).items()}
        try:
            with announced(access, address.url, entered):
                serve_app(
                    create_app(context, address),
                    listener,
                    lambda: ready(address, links),
                    context.stop_work,
                    certificate,
                )
        finally:
            context.close()
