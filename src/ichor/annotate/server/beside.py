"""A project served in the background of another server, such as the viewer of results."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing
from pathlib import Path

from ichor.annotate.project import open_project
from ichor.annotate.server.app import create_app
from ichor.annotate.server.context import Context
from ichor.errors import IchorError
from ichor.serving.access import ACCESS, Access
from ichor.serving.accounts import Accounts
from ichor.serving.address import loopback
from ichor.serving.background import BackgroundServer
from ichor.serving.serve import link, listening
from ichor.serving.session import Sessions


class ServedProject:
    """A project, created if needed, that is open and served on loopback until it is closed.

    `port` is tried first; if it is in use or 0, any free one is used. Raises IchorError as `open_project` does.
    """

    def __init__(self, folder: Path, port: int) -> None:
        with ExitStack() as undone:
            self.project = undone.enter_context(open_project(folder, create=True))
            listener = undone.enter_context(_listening(port))
            self._address = loopback(listener.getsockname()[1])
            access = undone.enter_context(closing(Access(folder / ACCESS)))
            sessions = Sessions(self._address.port, self.project.key(), access)
            self._context = Context.of(self.project, sessions, Accounts(access))
            undone.callback(self._context.close)
            self._server = BackgroundServer(create_app(self._context, self._address), listener)
            undone.callback(self._server.stop)
            self._ending = undone.pop_all()

    def link(self, reader: str) -> str:
        """A new one-use link for a reader."""
        return link(self._address, self._context.sessions.new_tokens([reader])[reader])

    def stop_work(self) -> None:
        """Abort heavy work, and accept no more."""
        self._context.stop_work()

    def close(self) -> None:
        """End the server, then close the project."""
        self.stop_work()
        self._ending.close()


def _listening(port: int) -> socket.socket:
    try:
        return listening(port)
    except IchorError:
        return listening(0)
