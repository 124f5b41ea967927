"""Serves an application until it is stopped, and opens the browser."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from ichor.errors import IchorError
from ichor.serving.address import LOOPBACK, Address
from ichor.serving.certificate import Certificate

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

# A tab has six at most.
MOST_CONNECTIONS = 100
Handler = Callable[[int, FrameType | None], None]
STOPS = (signal.SIGINT, signal.SIGTERM)


def listening(port: int, host: str = LOOPBACK) -> socket.socket:
    """A socket that listens on a port of a host; port 0 means any free one.

    Raises IchorError if the host is not an address of this machine, or the port is in use.
    """
    try:
        family, _, _, _, where = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise IchorError(f"--host: expected an address of this machine, found {host}: {error.strerror}") from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((where[0], port, *where[2:]))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "no such port"
        raise IchorError(f"--port: expected a free port of {host}, found {port}: {reason}") from error
    listener.listen(128)
    return listener


def link(address: Address, token: str) -> str:
    """The one-use link that opens a session."""
    return f"{address.url}/enter?token={token}"


def server_of(app: ASGIApp, certificate: Certificate | None = None) -> uvicorn.Server:
    """A server for this application, with the common settings, over TLS if there is a certificate."""
    import uvicorn

    # No access log: its lines would contain tokens.
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
        ssl_certfile=certificate.certificate if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    return uvicorn.Server(config)


def serve_app(
    app: ASGIApp,
    listener: socket.socket,
    ready: Callable[[], None],
    stop_work: Callable[[], None],
    certificate: Certificate | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, over TLS if there is a certificate.

    `ready` is called when the server can be reached, `stop_work` at a signal.
    """
    # Before `ready`: whoever has the links may send a signal immediately. SIGINT, too, because a process that a
    # script started in the background ignores it.
    before = {one: signal.signal(one, _interrupt) for one in STOPS} if _in_main_thread() else {}
    try:
        ready()
        server = server_of(app, certificate)
        server.handle_exit = _after(stop_work, server.handle_exit)  # type: ignore[assignment,method-assign]
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # stopped by a signal: the caller closes what it opened
    finally:
        stop_work()
        for one, handler in before.items():
            signal.signal(one, handler)


def open_browser(address: str) -> None:
    """Open a page in the user's browser without waiting, because a browser in the terminal would block the server."""
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _after(first: Callable[[], None], handler: Handler) -> Handler:
    """A signal handler that first stops heavy work, because such requests would delay the end."""

    def handle(number: int, frame: FrameType | None) -> None:
        first()
        handler(number, frame)

    return handle


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signal module's form)
    raise KeyboardInterrupt
