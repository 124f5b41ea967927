"""What the routes share: the project, the current reader, and the pools for heavy work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, ParamSpec, TypeVar, cast

from fastapi import Depends, HTTPException, Request
from fastapi import Path as InPath

from ichor.annotate.project import CONSENSUS, Project, ScanRecord
from ichor.annotate.project.people import People, Role
from ichor.annotate.project.records import State
from ichor.annotate.project.rules import may_see
from ichor.annotate.server.agreements import Agreements
from ichor.annotate.server.exporting import Exporting
from ichor.annotate.server.grid import Grids
from ichor.annotate.server.operations import Operations
from ichor.annotate.server.reading_machine import ReadingMachine
from ichor.annotate.server.workers import OF_A_REQUEST, Workers
from ichor.serving.accounts import Accounts
from ichor.serving.session import HEADER, NO_SESSION, Sessions

P = ParamSpec("P")
T = TypeVar("T")
MOST_AT_WORK = 2
# The maximum number of waiting requests; each keeps its input in memory.
MOST_WAITING = 8
# A limit for integers that SQLite and the file system support; no project has more scans or slices.
MOST = 2**31 - 1


@dataclass(frozen=True)
class Context:
    """One running server.

    Heavy work never delays saving. Two threads read scans of the project. Two others run calculations on readers'
    drawings, each in a process that has limits and can be stopped.
    """

    project: Project
    sessions: Sessions
    grids: Grids
    machine: ReadingMachine
    reading: ThreadPoolExecutor
    heavy: ThreadPoolExecutor
    workers: Workers
    accounts: Accounts | None
    agreements: Agreements
    exporting: Exporting
    operations: Operations = field(default_factory=Operations)
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MOST_AT_WORK + MOST_WAITING))

    @classmethod
    def of(cls, project: Project, sessions: Sessions, accounts: Accounts | None = None) -> Context:
        """The context for an open project."""
        grids = Grids(project)
        return cls(
            project,
            sessions,
            grids,
            ReadingMachine(project),
            ThreadPoolExecutor(2, "reading"),
            ThreadPoolExecutor(MOST_AT_WORK, "heavy"),
            Workers(MOST_AT_WORK, OF_A_REQUEST),
            accounts,
            Agreements(project),
            Exporting(project),
        )

    @property
    def people(self) -> People:
        """The current roles; commands can change accounts while the server is running."""
        accounts = self.accounts.all() if self.accounts is not None else []
        roles = {one.name: Role(one.role) for one in accounts}
        return People(roles, on_loopback=self.sessions.entered == "link")

    def stop_work(self) -> None:
        """Abort heavy work and accept no more."""
        self.grids.close()
        self.workers.close()
        self.machine.stop_work()
        self.exporting.stop_work()

    def close(self) -> None:
        """Stop work, and wait until nothing uses the project, so that it can be closed."""
        self.stop_work()
        self.machine.close()
        self.exporting.close()
        self.heavy.shutdown(cancel_futures=True)
        self.reading.shutdown(cancel_futures=True)

    async def reads(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a function that reads a scan of the project, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self.reading, partial(work, *arguments, **named))

    async def heavily(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a function that uses a worker, and return its result. Raises HTTPException if too many are waiting."""
        if not self.turns.acquire(blocking=False):
            raise HTTPException(503, "the server is busy with earlier requests: try again in a moment")
        future = self.heavy.submit(work, *arguments, **named)
        future.add_done_callback(lambda _: self.turns.release())
        return await asyncio.wrap_future(future)

    def states(self, scan_id: int) -> dict[str, State]:
        """The states of a scan, as `rules` needs them. Raises NotInProject if there is no such scan."""
        self.project.record(scan_id)
        return self.project.states()[scan_id]


def _context(request: Request) -> Context:
    return cast(Context, request.app.state.context)


Server = Annotated[Context, Depends(_context)]


def _reader(request: Request, server: Server) -> str:
    reader = server.sessions.reader(request.cookies, request.headers.get(HEADER, ""))
    if reader is None:
        raise HTTPException(401, NO_SESSION)
    return reader


Reader = Annotated[str, Depends(_reader)]
ScanId = Annotated[int, InPath(ge=1, le=MOST)]
SliceIndex = Annotated[int, InPath(ge=0, le=MOST)]
LayerName = Annotated[str, InPath(max_length=60)]


def _scan(scan_id: ScanId, server: Server, reader: Reader) -> ScanRecord:
    if server.people.role(reader) is Role.ADMIN:
        raise HTTPException(403, "an admin assigns scans and exports, but does not open them")
    return server.project.record(scan_id)


Scanned = Annotated[ScanRecord, Depends(_scan)]


def own_name(people: People, layer: str, reader: str) -> str:
    """The layer that a path names; "mine" is a reader's own, and the consensus for an adjudicator."""
    if layer != "mine":
        return layer
    return CONSENSUS if people.role(reader) is Role.ADJUDICATOR else reader


def visible(server: Context, reader: str, scan_id: int, layer: str) -> str:
    """The layer by its own name. Raises HTTPException if the reader may not see it.

    Hidden layers of other readers and layers that do not exist get the same response.
    """
    people = server.people
    name = own_name(people, layer, reader)
    if not may_see(reader, name, server.states(scan_id), people):
        what = "the consensus" if name == CONSENSUS else "another reader's layer"
        raise HTTPException(403, f"{what} is hidden until two readers have finished this scan")
    return name


Answer = dict[str, Any]
