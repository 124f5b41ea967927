"""The shipped model's outlines, when a reader asks for them. Nothing is drawn by this: the page puts what it takes."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter, HTTPException

from ichor.annotate.project import ScanRecord
from ichor.annotate.project.runs import encode
from ichor.annotate.server.context import Answer, Context, Reader, Scanned, Server
from ichor.annotate.server.routes.me import machine_is_there

router = APIRouter()


@router.post("/api/scans/{scan_id}/machine")
async def ask(scan: Scanned, reader: Reader, server: Server) -> Answer:  # noqa: ARG001 (who asks must be known)
    """The outlines of each slice where there are any, and how unsure the model is of each slice."""
    if not machine_is_there():
        raise HTTPException(404, "no model came with this installation")
    return await server.heavily(_asked, server, scan)


def _asked(server: Context, record: ScanRecord) -> Answer:
    from ichor.annotate.machine import suggest

    found = suggest(server.grids.scan(record.id))
    uncertainty = [float(one) for one in found.uncertainty]
    server.project.put_uncertainty(record.id, uncertainty)
    grid = server.grids.grid(record)
    drawn = np.flatnonzero(found.label_map.any(axis=(1, 2)))
    return {
        "slices": {int(k): list(grid.shown_runs(encode(found.label_map[k]))) for k in drawn},
        "uncertainty": uncertainty,
    }
