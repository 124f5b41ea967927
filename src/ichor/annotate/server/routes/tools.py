"""Interpolation and smoothing of label maps that the page sends, on the scan's own grid.

Nothing is stored here: the page saves the result slice by slice, on the revisions that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from ichor.annotate.project import ScanRecord
from ichor.annotate.project.runs import LabelMap, decode
from ichor.annotate.server import heavy
from ichor.annotate.server.bodies import InterpolatePost, Operation, SmoothPost
from ichor.annotate.server.context import Answer, Context, Reader, Scanned, Server
from ichor.annotate.server.operations import require_current
from ichor.annotate.server.routes.layers import changeable

T = TypeVar("T")
router = APIRouter()

# Slices between two drawn ones; a scan of 1 mm slices has lesions over fewer.
MOST_BETWEEN = 200
# And their pixels, a byte each in memory: 200 slices of 800 x 800.
MOST_PIXELS = 2**27


@router.post("/api/scans/{scan_id}/tools/interpolate")
async def interpolate(scan: Scanned, body: InterpolatePost, reader: Reader, server: Server) -> Response:
    """The slices between two drawn ones."""
    lower, upper = sorted((body.from_, body.to), key=lambda one: one.k)
    if upper.k >= scan.n_slices:
        raise HTTPException(422, f"expected slices 0 to {scan.n_slices - 1} of the scan, found {upper.k}")
    between = upper.k - lower.k - 1
    most = min(MOST_BETWEEN, MOST_PIXELS // (scan.rows * scan.columns))
    if not 0 < between <= most:
        raise HTTPException(422, f"expected 1 to {most} slices between the two, found {max(0, between)}")
    maps = [_decoded(server, scan, one.runs) for one in (lower, upper)]
    slices = range(lower.k, upper.k + 1)
    work = partial(heavy.interpolated, maps[0], lower.k, maps[1], upper.k)
    content = await server.heavily(_operate, server, reader, scan, body, slices, work)
    return Response(content, media_type="application/json")


@router.post("/api/scans/{scan_id}/tools/smooth")
async def smooth(scan: Scanned, body: SmoothPost, reader: Reader, server: Server) -> Answer:
    """The same regions with smooth outlines."""
    drawn = _decoded(server, scan, body.runs)
    return {
        "runs": await server.heavily(_operate, server, reader, scan, body, [body.k], partial(heavy.smoothed, drawn))
    }


def _operate(
    server: Context,
    reader: str,
    scan: ScanRecord,
    asked: Operation,
    slices: Sequence[int],
    work: Callable[[], T],
) -> T:
    """The result of `work`. Raises HTTPException if the slices have other revisions than the page, before or after."""
    name = changeable(server, reader, scan.id, asked.layer)
    with server.operations.only_one(scan.id, name):
        require_current(server.project.layer(scan.id, name), asked.base, slices)
        result = server.workers.run(work)
        require_current(server.project.layer(scan.id, name), asked.base, slices)
    return result


def _decoded(server: Context, scan: ScanRecord, runs: Sequence[int]) -> LabelMap:
    try:
        return decode(runs, *server.grids.grid(scan).shown)
    except ValueError as error:
        raise HTTPException(422, f"runs: {error}") from error
