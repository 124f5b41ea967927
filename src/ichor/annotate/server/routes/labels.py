"""The labels of a slice or of the scan."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.responses import JSONResponse, Response

from ichor.annotate.project import StaleRevision
from ichor.annotate.server.bodies import LabelsPut
from ichor.annotate.server.context import MOST, LayerName, Reader, Scanned, Server
from ichor.annotate.server.labels_shown import shown_labels
from ichor.annotate.server.routes.layers import changeable

router = APIRouter()


@router.put("/api/scans/{scan_id}/layers/{layer}/labels/{where}")
def put_labels(
    scan: Scanned, layer: LayerName, where: str, body: LabelsPut, reader: Reader, server: Server
) -> Response:
    """Store the labels of a slice, by its index, or of the "scan"; 409 with the newer ones if they have changed."""
    index, grid = _index(where), server.grids.grid(scan)
    if index is None and body.labels.rulers:
        raise HTTPException(422, "rulers: expected rulers on a slice, found some on the scan")
    with server.project.transaction():
        name = changeable(server, reader, scan.id, layer)
        try:
            revision = server.project.put_labels(
                scan.id, name, index, body.labels.labels(grid), by=reader, base_revision=body.base_revision
            )
        except StaleRevision as stale:
            newer = shown_labels(server.project.layer(scan.id, name), index, grid)
            return JSONResponse({"error": str(stale), "revision": stale.revision, "labels": newer}, 409)
        state = server.project.layer(scan.id, name)
    return JSONResponse(
        {
            "revision": revision,
            "labels": shown_labels(state, index, grid),
            "scan_labels": shown_labels(state, None, grid),
        }
    )


def _index(where: str) -> int | None:
    if where == "scan":
        return None
    if where.isascii() and where.isdecimal() and len(where) < 10 and int(where) <= MOST:
        return int(where)
    raise HTTPException(404, "expected a slice's index or the word scan")
