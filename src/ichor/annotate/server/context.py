"""What the routes share: the project, who is asking, and threads for heavy work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ParamSpec, TypeVar, cast

from fastapi import Depends, HTTPException, Request
from fastapi import Path as InPath

from ichor.annotate.project import CONSENSUS, Project, ScanRecord
from ichor.annotate.project.records import State
from ichor.annotate.project.rules import may_see
from ichor.annotate.server.grid import Grids
from ichor.annotate.server.reading_machine import ReadingMachine
from ichor.annotate.server.session import Sessions

P = ParamSpec("P")
T = TypeVar("T")
# SQLite's and the file system's integers end somewhere; no project has more scans or slices than this.
MOST = 2**31 - 1


@dataclass(frozen=True)
class Context:
    """One running server. Heavy work has two threads of its own, so that saving never waits for it."""

    project: Project
    sessions: Sessions
    grids: Grids
    machine: ReadingMachine
    heavy: ThreadPoolExecutor

    @classmethod
    def of(cls, project: Project, sessions: Sessions) -> Context:
        """What serves an open project."""
        grids = Grids(project)
        return cls(project, sessions, grids, ReadingMachine(project, grids), ThreadPoolExecutor(2, "heavy"))

    def close(self) -> None:
        """Wait for the work that is under way; the project may be closed then."""
        self.machine.close()
        self.heavy.shutdown(cancel_futures=True)

    async def heavily(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run heavy work in its own threads and give what it gives."""
        return await asyncio.get_running_loop().run_in_executor(self.heavy, partial(work, *arguments, **named))

    def states(self, scan_id: int) -> dict[str, State]:
        """The states of a scan, which the rules are asked with. Raises NotInProject where there is no such scan."""
        self.project.record(scan_id)
        return self.project.states()[scan_id]


def _context(request: Request) -> Context:
    return cast(Context, request.app.state.context)


Server = Annotated[Context, Depends(_context)]


def _reader(request: Request, server: Server) -> str:
    reader = server.sessions.reader(request.cookies.get(server.sessions.cookie))
    if reader is None:
        raise HTTPException(401, "open your own link first: the one printed where the server was started")
    return reader


Reader = Annotated[str, Depends(_reader)]
ScanId = Annotated[int, InPath(ge=1, le=MOST)]
SliceIndex = Annotated[int, InPath(ge=0, le=MOST)]
LayerName = Annotated[str, InPath(max_length=60)]


def _scan(scan_id: ScanId, server: Server, reader: Reader) -> ScanRecord:  # noqa: ARG001 (who asks must be known)
    return server.project.record(scan_id)


Scanned = Annotated[ScanRecord, Depends(_scan)]


def own_name(layer: str, reader: str) -> str:
    """The layer that a path names: "mine" is the reader's own."""
    return reader if layer == "mine" else layer


def visible(server: Context, reader: str, scan_id: int, layer: str) -> str:
    """The layer by its own name. Raises HTTPException where the reader may not see it.

    Another reader's layer that is hidden and one that does not exist get the same answer.
    """
    name = own_name(layer, reader)
    if not may_see(reader, name, server.states(scan_id)):
        what = "the consensus" if name == CONSENSUS else "another reader's layer"
        raise HTTPException(403, f"{what} is hidden until both readers are done with this scan")
    return name


Answer = dict[str, Any]
