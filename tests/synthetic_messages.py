"""Receivers of messages on loopback, good and odd ones, and a result whose messages are to be sent."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pydicom
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from ichor.node.intake import Intake
from ichor.node.messages.reported import Reported
from ichor.node.queue.deliveries import Delivery
from ichor.node.queue.queue import Queue
from ichor.node.store import Store
from ichor.node.task import Task, make_work
from ichor.serving.certificate import Certificate
from node_parts import as_bytes, fast_package, small_study

KEY = b"0123456789abcdef0123456789abcdef"


def write_key(folder: Path) -> Path:
    """A file with the secret of a webhook."""
    file = folder / "webhook.secret"
    file.write_text(f"whsec_{base64.b64encode(KEY).decode()}\n")
    file.chmod(0o600)
    return file


@contextmanager
def reported_study(folder: Path, images: Sequence[pydicom.FileDataset] | None = None) -> Iterator[tuple[Any, ...]]:
    """A study that was screened: what reads its result, and its delivery."""
    from ichor.node.config import Screening

    package, results = fast_package(folder / "package"), folder / "results"
    with Queue(folder) as queue:
        store = Store(folder / "images")
        intake = Intake(store, queue, 2**30)
        for one in images or small_study():
            intake.take(as_bytes(one))
        queue.studies.complete_quiet(0)
        analysis = queue.analyses.next()
        assert analysis is not None
        work = make_work(Screening(model=str(package), threads=1, outputs=("json",)))
        task = Task(store.folder(analysis.study), analysis.files, results / analysis.name, analysis.number, None)
        ended = work(task)
        assert ended.how == "done", ended
        queue.analyses.done(analysis, ended.verdict, ["one"])
        delivery = queue.deliveries.due("one")
        assert isinstance(delivery, Delivery)
        yield Reported(results, store, queue), delivery


@dataclass
class Request:
    """What a webhook received."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """The content of the alert."""
        return json.loads(self.body)["data"]


Answers = Callable[[BaseHTTPRequestHandler, Request], None]


def accepts(handler: BaseHTTPRequestHandler, request: Request) -> None:
    """The answer of a good webhook."""
    handler.send_response(204)
    handler.end_headers()


@dataclass
class Webhooks:
    """A server that takes alerts; `answers` gives its answer to each."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: Answers = accepts
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/alerts?of=ichor"


@contextmanager
def webhooks(certificate: Certificate | None = None, port: int = 0) -> Iterator[Webhooks]:
    """A server that takes alerts, over TLS with a certificate."""
    one = Webhooks(scheme="http" if certificate is None else "https")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            one.requests.append(request)
            one.answers(self, request)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Nothing: who asked may leave at any time."""

    with Server(("127.0.0.1", port), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        one.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield one
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Mailbox:
    """A mail server; `status` is its answer to a message."""

    port: int = 0
    mails: list[Any] = field(default_factory=list)
    status: str = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's names)
        if self.status.startswith("250"):
            self.mails.append(envelope)
        return self.status

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 no such address"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@contextmanager
def mailbox(
    certificate: Certificate | None = None, *, password: bytes | None = None, port: int = 0
) -> Iterator[Mailbox]:
    """A mail server on loopback that demands STARTTLS with a certificate, and a login with a password."""
    one, context = Mailbox(), None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)

    def checked(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"ichor", password), handled=False)

    class Loopback(Controller):
        def factory(self) -> SMTP:
            return SMTP(
                self.handler,
                tls_context=context,
                require_starttls=context is not None,
                authenticator=checked,
                auth_required=password is not None,
            )

    with socket.socket() as free:
        free.bind(("127.0.0.1", port))
        one.port = free.getsockname()[1]
    controller = Loopback(one, hostname="127.0.0.1", port=one.port)
    controller.start()
    try:
        yield one
    finally:
        controller.stop()


def acknowledged(message: bytes, code: str = "AA", control_id: str | None = None) -> bytes:
    """The block that acknowledges a message."""
    ends = message.split(b"\r")[0].decode("latin-1").split("|")
    text = f"MSH|^~\\&|{ends[4]}||{ends[2]}||20260101||ACK^R01^ACK|1|P|2.5.1\rMSA|{code}|{control_id or ends[9]}\r"
    return b"\x0b" + text.encode("latin-1") + b"\x1c\r"


@dataclass
class Interface:
    """A peer of HL7, which knows nothing of the package that the node uses: blocks of bytes in, blocks out."""

    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    answer: Callable[[bytes], bytes | None] = acknowledged


@contextmanager
def interface(certificate: Certificate | None = None) -> Iterator[Interface]:
    """The peer, which takes one message on each connection; None as its answer closes it without one."""
    one, ending = Interface(), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    one.port = listener.getsockname()[1]
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        listener = context.wrap_socket(listener, server_side=True)

    def serve() -> None:
        while not ending.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            with connection:
                received = b""
                try:
                    while not received.endswith(b"\x1c\r"):
                        part = connection.recv(7)  # a few bytes at a time
                        if not part:
                            break
                        received += part
                    if received.endswith(b"\x1c\r"):
                        one.messages.append(received[1:-2])
                        answer = one.answer(one.messages[-1])
                        if answer is not None:
                            connection.sendall(answer)
                            connection.recv(1)  # until the other side leaves
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        ending.set()
        with socket.socket() as last:
            last.connect(("127.0.0.1", one.port))
        listener.close()
        thread.join(5)


def fields_of(message: bytes) -> list[list[str]]:
    """The segments of a message in UTF-8, each as its fields; separators of components are left in."""
    return [line.split("|") for line in message.decode().split("\r") if line]
