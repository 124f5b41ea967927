"""Serves a project on loopback until it is stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ichor.annotate.project import Project
from ichor.serving.serve import link, listening, serve_app


def serve(project: Project, readers: Sequence[str], port: int, ready: Callable[[dict[str, str]], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told each reader's one-use link when the server can be reached.

    Port 0 is any free one. Raises IchorError if the port is taken.
    """
    from ichor.annotate.server.app import create_app
    from ichor.annotate.server.context import Context
    from ichor.serving.session import Sessions

    with listening(port) as listener:
        number = listener.getsockname()[1]
        context = Context.of(project, Sessions(number, project.key()))
        tokens = context.sessions.new_tokens(readers)
        links = {reader: link(number, token) for reader, token in tokens.items()}
        try:
            serve_app(create_app(context, number), listener, lambda: ready(links), context.stop_work)
        finally:
            context.close()
