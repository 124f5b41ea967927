"""AI outlines on request. Nothing is stored here: the page saves the outlines that it uses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
from fastapi import APIRouter, HTTPException

from ichor.annotate.project.runs import encode
from ichor.annotate.server.bodies import Operation
from ichor.annotate.server.context import Answer, Reader, Scanned, Server
from ichor.annotate.server.grid import Grid
from ichor.annotate.server.operations import require_current
from ichor.annotate.server.routes.layers import changeable

if TYPE_CHECKING:
    from ichor.annotate.machine import Suggestion

router = APIRouter()


@router.post("/api/scans/{scan_id}/machine")
async def ask(scan: Scanned, body: Operation, reader: Reader, server: Server) -> Answer:
    """The outlines of each slice that has any, and the model's uncertainty of each slice."""
    if not server.machine.is_there:
        raise HTTPException(404, "no model came with this installation")
    name = changeable(server, reader, scan.id, body.layer)
    with server.operations.only_one(scan.id, name):
        require_current(server.project.layer(scan.id, name), body.base)
        # Cancelling one of several requests for a scan must not cancel the work that the others wait for.
        found = await asyncio.shield(asyncio.wrap_future(server.machine.suggest(scan.id)))
        require_current(server.project.layer(scan.id, name), body.base)
    return await server.reads(_shown, found, server.grids.grid(scan))


def _shown(found: Suggestion, grid: Grid) -> Answer:
    drawn = np.flatnonzero(found.label_map.any(axis=(1, 2)))
    return {
        "slices": {int(k): list(grid.shown_runs(encode(found.label_map[k]))) for k in drawn},
        "uncertainty": [float(one) for one in found.uncertainty],
    }
