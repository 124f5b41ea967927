"""Serves a project on loopback until it is stopped."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import FrameType

from ichor.annotate.project import Project
from ichor.errors import IchorError

# A tab has six at most.
MOST_CONNECTIONS = 100
HOST = "127.0.0.1"
Handler = Callable[[int, FrameType | None], None]
STOPS = (signal.SIGINT, signal.SIGTERM)


def serve(project: Project, readers: Sequence[str], port: int, ready: Callable[[dict[str, str]], None]) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is told each reader's one-use link when the server can be reached.

    Port 0 is any free one. Raises IchorError if the port is taken.
    """
    import uvicorn

    from ichor.annotate.server.app import create_app
    from ichor.annotate.server.context import Context
    from ichor.annotate.server.session import Sessions

    with _listening(port) as listener:
        number = listener.getsockname()[1]
        context = Context.of(project, Sessions(number, project.key()))
        tokens = context.sessions.new_tokens(readers)
        # No access log: its lines would hold tokens.
        config = uvicorn.Config(
            create_app(context, number),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=3,
            limit_concurrency=MOST_CONNECTIONS,
        )
        # Before anyone is told: who has the links may send a signal at once. SIGINT too, since a process that a script
        # started in the background ignores it.
        before = {one: signal.signal(one, _interrupt) for one in STOPS} if _in_main_thread() else {}
        try:
            ready({reader: f"http://{HOST}:{number}/enter?token={token}" for reader, token in tokens.items()})
            server = uvicorn.Server(config)
            server.handle_exit = _after(context.stop_work, server.handle_exit)  # type: ignore[assignment,method-assign]
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            pass  # told to stop: the caller closes the project
        finally:
            context.close()
            for one, handler in before.items():
                signal.signal(one, handler)


def _after(first: Callable[[], None], handler: Handler) -> Handler:
    """A signal's handler that does something first: requests at heavy work would hold up the end."""

    def handle(number: int, frame: FrameType | None) -> None:
        first()
        handler(number, frame)

    return handle


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "no such port"
        raise IchorError(f"--port: expected a free port of {HOST}, found {port}: {reason}") from error
    listener.listen(128)
    return listener


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signal module's form)
    raise KeyboardInterrupt
