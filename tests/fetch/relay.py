"""A relay on loopback before a server: it breaks connections after so many bytes, as networks do, or adds TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ANY_NUMBER = 10**12


@contextmanager
def relay(to: int, most_bytes: int = ANY_NUMBER, tls: Path | None = None) -> Iterator[int]:
    """A port that passes bytes to and from another; after `most_bytes` of answers it breaks each connection at once.

    `tls` is a file with a certificate and its key.
    """
    left = [most_bytes]
    listener = socket.create_server(("127.0.0.1", 0))
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)

    def serve() -> None:
        with suppress(OSError):
            while True:
                asking, _ = listener.accept()
                threading.Thread(target=pass_on, args=(asking,), daemon=True).start()

    def pass_on(asking: socket.socket) -> None:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", to)) as answering,
            asking if tls is None else context.wrap_socket(asking, server_side=True) as own,
        ):
            threading.Thread(target=pump, args=(own, answering), daemon=True).start()
            while left[0] > 0 and (data := answering.recv(4096)):
                own.sendall(data[: left[0]])
                left[0] -= len(data)
            # Closing alone would not end the connection while the other thread waits for more from it.
            for one in (own, answering):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def pump(asking: socket.socket, answering: socket.socket) -> None:
        with suppress(OSError):
            while data := asking.recv(4096):
                answering.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
