"""A server on loopback that sends files as a good one does, but for those that it was told to answer oddly."""

from __future__ import annotations

import re
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """One request; `server` is an FaultyServer."""

    protocol_version = "HTTP/1.1"
    server: FaultyServer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range", "")))
        self.server.agents.add(self.headers.get("User-Agent", ""))
        times = sum(path == self.path for path, _ in self.server.asked)
        content = self.server.content.get(self.path)
        odd = self.server.odd.get(self.path, self.server.odd_otherwise)
        if odd is not None and odd(self, content or b"", times):
            return
        if content is None:
            self.say(404)
        else:
            self.send(content)

    def send(self, content: bytes) -> None:
        """The answer of a good server."""
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(wanted[1]) if wanted else 0
        if first and first >= len(content):
            self.say(416, ("Content-Range", f"bytes */{len(content)}"))
        elif first:
            self.say(206, ("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}"), body=content[first:])
        else:
            self.say(200, body=content)

    def say(self, status: int, *headers: tuple[str, str], body: bytes = b"", length: int | None = None) -> None:
        """Status, headers and body; `length` is what is said of the body, its own length otherwise."""
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body) if length is None else length))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # whoever asked has left
            self.close_connection = True


# An odd answer, given the request, the file's content and how often it was asked for; False: answer as a good one.
Odd = Callable[[Handler, bytes, int], bool]


class FaultyServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, bytes] = {}
        self.odd: dict[str, Odd] = {}
        self.odd_otherwise: Odd | None = None
        self.asked: list[tuple[str, str]] = []
        self.agents: set[str] = set()
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def times(self) -> Counter[str]:
        """How often each file was asked for."""
        return Counter(path for path, _ in self.asked)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: who asked may leave at any time."""


@contextmanager
def serving(tls: Path | None = None) -> Iterator[FaultyServer]:
    """A server while the block lasts; `tls` is a file with its certificate and key."""
    with FaultyServer() as server:
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
