"""The shipped model's outlines, when a reader asks for them. Nothing is drawn by this: the page puts what it takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
from fastapi import APIRouter, HTTPException

from ichor.annotate.project.runs import encode
from ichor.annotate.server.context import Answer, Reader, Scanned, Server
from ichor.annotate.server.grid import Grid

if TYPE_CHECKING:
    from ichor.annotate.machine import Suggestion

router = APIRouter()


@router.post("/api/scans/{scan_id}/machine")
async def ask(scan: Scanned, reader: Reader, server: Server) -> Answer:  # noqa: ARG001 (who asks must be known)
    """The outlines of each slice where there are any, and how unsure the model is of each slice."""
    if not server.machine.is_there:
        raise HTTPException(404, "no model came with this installation")
    # Of several requests for one scan none may end the work that the others wait for.
    found = await asyncio.shield(asyncio.wrap_future(server.machine.suggest(scan.id)))
    return await server.reads(_shown, found, server.grids.grid(scan))


def _shown(found: Suggestion, grid: Grid) -> Answer:
    drawn = np.flatnonzero(found.label_map.any(axis=(1, 2)))
    return {
        "slices": {int(k): list(grid.shown_runs(encode(found.label_map[k]))) for k in drawn},
        "uncertainty": [float(one) for one in found.uncertainty],
    }
