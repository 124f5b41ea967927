"""The layers of a scan: what is drawn, slice by slice."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.responses import JSONResponse, Response

from ichor.annotate.project import LayerState, Origins, StaleRevision
from ichor.annotate.project.records import SliceMap
from ichor.annotate.project.rules import why_not_change
from ichor.annotate.project.runs import drawn_labels, empty_runs
from ichor.annotate.server.bodies import SlicePut
from ichor.annotate.server.context import (
    Answer,
    Context,
    LayerName,
    Reader,
    Scanned,
    Server,
    SliceIndex,
    own_name,
    visible,
)
from ichor.annotate.server.grid import Grid
from ichor.annotate.server.labels_shown import shown_labels

router = APIRouter()


@router.get("/api/scans/{scan_id}/layers/{layer}")
def layer(scan: Scanned, layer: LayerName, reader: Reader, server: Server) -> Answer:
    """A layer that the reader may see."""
    name = visible(server, reader, scan.id, layer)
    return layer_answer(server, reader, scan.id, name)


def layer_answer(server: Context, reader: str, scan_id: int, name: str) -> Answer:
    """The layer in the form that the page reads."""
    with server.project.transaction():
        state, states = server.project.layer(scan_id, name), server.states(scan_id)
        seconds, looked = server.project.seconds(scan_id, name), server.project.looked(scan_id, name)
    grid = server.grids.grid(server.project.record(scan_id))
    why_not = why_not_change(reader, name, states, server.people)
    return {
        "revision_of": {k: one.revision for k, one in state.maps.items()},
        "slices": {k: _shown(one, grid) for k, one in state.maps.items()},
        "labels": {
            "scan": shown_labels(state, None, grid),
            "slices": {k: shown_labels(state, k, grid) for k in _labelled(state)},
        },
        "state": states.get(name, "new"),
        "seconds": seconds,
        "looked": None if looked is None else sorted(looked),
        "writable": why_not is None,
        "why_not": why_not,
    }


@router.put("/api/scans/{scan_id}/layers/{layer}/slices/{k}")
def put_slice(
    scan: Scanned, layer: LayerName, k: SliceIndex, body: SlicePut, reader: Reader, server: Server
) -> Response:
    """Store the label map of a slice; 409 with the newer runs if it has changed in the meantime."""
    grid = server.grids.grid(scan)
    try:
        label_map = grid.stored_map(body.runs)
    except ValueError as error:
        raise HTTPException(422, f"runs: {error}") from error
    drawn = drawn_labels(body.runs)
    if not drawn.issuperset(body.origins):
        raise HTTPException(422, f"origins: expected some of the labels {sorted(drawn)}, found {sorted(body.origins)}")
    origins: Origins = {label: body.origins.get(label, "drawn") for label in drawn}
    with server.project.transaction():
        name = changeable(server, reader, scan.id, layer)
        try:
            revision = server.project.put_label_map(
                scan.id, name, k, label_map, by=reader, origins=origins, base_revision=body.base_revision
            )
        except StaleRevision as stale:
            newer = server.project.layer(scan.id, name).maps.get(k)
            runs = newer.runs if newer else empty_runs(scan.rows, scan.columns)
            answer = {
                "error": str(stale),
                "revision": stale.revision,
                "runs": list(grid.shown_runs(runs)),
                "origins": dict(newer.origins) if newer else {},
            }
            return JSONResponse(answer, 409)
        server.project.add_seconds(scan.id, own_name(server.people, "mine", reader), body.seconds)
        state = server.project.layer(scan.id, name)
    return JSONResponse(
        {"revision": revision, "labels": shown_labels(state, k, grid), "scan_labels": shown_labels(state, None, grid)}
    )


def changeable(server: Context, reader: str, scan_id: int, layer: str) -> str:
    """The layer by its own name. Raises HTTPException if the reader may not change it now."""
    people = server.people
    name = own_name(people, layer, reader)
    why_not = why_not_change(reader, name, server.states(scan_id), people)
    if why_not is not None:
        raise HTTPException(403, why_not)
    return name


def _shown(one: SliceMap, grid: Grid) -> Answer:
    return {"revision": one.revision, "runs": list(grid.shown_runs(one.runs)), "origins": dict(one.origins)}


def _labelled(state: LayerState) -> list[int]:
    """The touched slices; all others have the labels of an empty slice."""
    return sorted({k for k in state.stated if k is not None} | set(state.maps))
