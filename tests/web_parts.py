"""The node's web server without the node: its application over a queue that tests fill."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from ichor.node.config import NodeConfig
from ichor.node.intake import Intake, digest
from ichor.node.monitor import Monitor
from ichor.node.people import Person, Role, Way
from ichor.node.queue.analysis import Summary
from ichor.node.queue.queue import Queue
from ichor.node.services import Services
from ichor.node.store import Store
from ichor.node.web.app import create_app
from ichor.node.web.context import Context
from ichor.serving.access import ACCESS, Access
from ichor.serving.accounts import Accounts
from ichor.serving.address import loopback
from ichor.serving.session import Entered, Sessions
from ichor.serving.tokens import Tokens
from node_parts import as_bytes, small_study

PORT = 8798
HOME = f"http://127.0.0.1:{PORT}"
SOMEBODY = Person("Ada", Role.OPERATOR, Way.PASSWORD, "127.0.0.1")


@dataclass
class Web:
    """A web server's application with what it serves."""

    services: Services
    context: Context
    tokens: Tokens
    stack: ExitStack

    @property
    def queue(self) -> Queue:
        return self.services.queue

    def stranger(self) -> TestClient:
        """A client that nobody has let in."""
        return self.stack.enter_context(TestClient(self.app, base_url=HOME, raise_server_exceptions=False))

    def program(self, role: Role = Role.OPERATOR) -> TestClient:
        """A program with a token."""
        name = f"program {len(self.tokens.all()) + 1}"
        client = self.stranger()
        client.headers["authorization"] = f"Bearer {self.tokens.add(name, role.value)}"
        return client

    def browser(self) -> TestClient:
        """A browser that has followed a one-use link."""
        client = self.stranger()
        client.headers["origin"] = HOME
        token = self.context.sessions.new_tokens(["Ada"])["Ada"]
        answer = client.get("/enter", params={"token": token}, follow_redirects=False)
        client.headers["ichor-reader"] = answer.headers["location"].removeprefix("/?reader=")
        return client

    def __post_init__(self) -> None:
        self.app = create_app(self.context, self.tokens, loopback(PORT))


@contextmanager
def made_services(folder: Path, **config: Any) -> Iterator[Services]:
    """What a node in this folder would share, with an empty queue."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = NodeConfig.model_validate({"web": {}, **config})
    results = folder / "results"
    results.mkdir(exist_ok=True)
    with Queue(folder) as queue:
        store = Store(folder / "images")
        monitor = Monitor()
        intake = Intake(store, queue, 2**30, monitor)
        yield Services(folder, settings, queue, store, intake, results, threading.Event(), monitor)


@contextmanager
def web_parts(folder: Path, *, entered: Entered = "link", **config: Any) -> Iterator[Web]:
    """The application over an empty queue in a folder."""
    with made_services(folder, **config) as services, ExitStack() as stack:
        access = stack.enter_context(closing(Access(folder / ACCESS)))
        sessions = Sessions(PORT, "node", access, entered=entered, over_tls=False)
        yield Web(services, Context(services, sessions, Accounts(access), None), Tokens(access), stack)


def add_study(
    services: Services,
    *,
    verdict: str | None = "suspected",
    probability: float = 0.9,
    volume_ml: float | None = 12.0,
    destinations: Sequence[str] = (),
    result: Path | None = None,
    method: str | None = None,
    **header: Any,
) -> str:
    """A study in the queue with a few images of it, and its result unless the verdict is None; returns its id.

    `result` is a folder to copy as its result; by default it has none on the disk.
    """
    images = small_study(**header)[:3]
    for one in images:
        services.intake.take(as_bytes(one))
    key = digest(images[0].StudyInstanceUID)
    if verdict is None:
        return key[:16]
    services.queue.studies.complete(key)
    analysis = services.queue.analyses.next()
    assert analysis is not None and analysis.study == key
    if result is not None:
        shutil.copytree(result, services.results / analysis.name)
    summary = Summary(probability, volume_ml, 1)
    services.queue.analyses.done(analysis, verdict, destinations, method=method, summary=summary)
    return key[:16]
