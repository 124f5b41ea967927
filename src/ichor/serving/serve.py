"""Serves an application on loopback until it is stopped, and opens the browser."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from ichor.errors import IchorError

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

# A tab has six at most.
MOST_CONNECTIONS = 100
HOST = "127.0.0.1"
Handler = Callable[[int, FrameType | None], None]
STOPS = (signal.SIGINT, signal.SIGTERM)


def require_server(command: str, extra: str) -> None:
    """Raises IchorError, with how to mend it, where the extra that brings the server is not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]
    if missing:
        raise IchorError(
            f"{command}: expected the packages fastapi and uvicorn, found no {missing[0]}; "
            f"install them by pip install 'ichor-ct[{extra}]'"
        )


def listening(port: int) -> socket.socket:
    """A socket that listens on a port of loopback; 0 is any free one. Raises IchorError where the port is taken."""
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


def link(port: int, token: str) -> str:
    """The one-use link that opens a session."""
    return f"http://{HOST}:{port}/enter?token={token}"


def server_of(app: ASGIApp) -> uvicorn.Server:
    """A server of this application as all are set up here."""
    import uvicorn

    # No access log: its lines would hold tokens.
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=3,
        limit_concurrency=MOST_CONNECTIONS,
    )
    return uvicorn.Server(config)


def serve_app(app: ASGIApp, listener: socket.socket, ready: Callable[[], None], stop_work: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called when the server can be reached, `stop_work` at a signal."""
    # Before anyone is told: who has the links may send a signal at once. SIGINT too, since a process that a script
    # started in the background ignores it.
    before = {one: signal.signal(one, _interrupt) for one in STOPS} if _in_main_thread() else {}
    try:
        ready()
        server = server_of(app)
        server.handle_exit = _after(stop_work, server.handle_exit)  # type: ignore[assignment,method-assign]
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # told to stop: the caller closes what it opened
    finally:
        stop_work()
        for one, handler in before.items():
            signal.signal(one, handler)


def open_browser(address: str) -> None:
    """Open a page in the user's browser, without waiting: one that runs in the terminal would hold the server up."""
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _after(first: Callable[[], None], handler: Handler) -> Handler:
    """A signal's handler that does something first: requests at heavy work would hold up the end."""

    def handle(number: int, frame: FrameType | None) -> None:
        first()
        handler(number, frame)

    return handle


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signal module's form)
    raise KeyboardInterrupt
