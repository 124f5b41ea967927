"""A second server in the same process, in a separate thread; it ends with that process."""

from __future__ import annotations

import socket
import threading
import time

from starlette.types import ASGIApp

from ichor.errors import IchorError
from ichor.serving.certificate import Certificate
from ichor.serving.serve import server_of

START_S = 30
LOOK_S = 0.01


class BackgroundServer:
    """Serves an application on a listening socket, from construction until `stop`. Raises IchorError if it cannot.

    With a certificate, it uses TLS.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket, certificate: Certificate | None = None) -> None:
        self._server = server_of(app, certificate)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="ichor-server", daemon=True
        )
        self._thread.start()
        late = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > late:
                raise IchorError(f"expected the second server to start within {START_S} s, found that it did not")
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """Finish open requests, accept no more, and end; closes the socket."""
        self._server.should_exit = True
        self._thread.join()
