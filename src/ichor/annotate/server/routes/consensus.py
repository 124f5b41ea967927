"""The consensus of two readings: their agreement, and applying readings or combinations of them."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter, HTTPException
from numpy.typing import NDArray

from ichor.annotate.consensus import WAYS
from ichor.annotate.project import CONSENSUS, Labels, LayerState, Origins, ScanRecord
from ichor.annotate.project.labels import labels_of
from ichor.annotate.project.origins import combined_origins
from ichor.annotate.project.rules import done_readers, may_see, why_not_change
from ichor.annotate.project.runs import LabelMap
from ichor.annotate.server import heavy
from ichor.annotate.server.bodies import TakePost
from ichor.annotate.server.context import Answer, Context, Reader, Scanned, Server
from ichor.annotate.server.operations import require_current
from ichor.annotate.server.routes.layers import layer_answer

router = APIRouter()


@router.get("/api/scans/{scan_id}/consensus")
async def consensus(scan: Scanned, reader: Reader, server: Server) -> Answer:
    """The agreement of the first two readers who have finished, and the consensus so far; 403 until both have."""
    readers = _done(server, reader, scan)
    return {
        "readers": readers,
        "agreement": await server.heavily(_agreement, server, scan, readers),
        "layer": layer_answer(server, reader, scan.id, CONSENSUS),
    }


@router.post("/api/scans/{scan_id}/consensus/take")
async def take(scan: Scanned, body: TakePost, reader: Reader, server: Server) -> Answer:
    """Apply one reading, or a combination of both, to the consensus, and return it."""
    readers = _done(server, reader, scan)
    if body.choice not in (*WAYS, *readers):
        raise HTTPException(422, "choice: expected a reader who is done, union, intersection or staple")
    slices = sorted(set(body.slices)) if body.slices is not None else list(range(scan.n_slices))
    if slices and slices[-1] >= scan.n_slices:
        raise HTTPException(422, f"slices: expected slices 0 to {scan.n_slices - 1}")
    await server.heavily(_take, server, scan, reader, body, slices)
    return layer_answer(server, reader, scan.id, CONSENSUS)


def _done(server: Context, reader: str, scan: ScanRecord) -> list[str]:
    states = server.states(scan.id)
    if not may_see(reader, CONSENSUS, states, server.people):
        raise HTTPException(403, "the consensus opens when two readers have finished this scan")
    return done_readers(states)[:2]


def _agreement(server: Context, scan: ScanRecord, readers: list[str]) -> Answer:
    project = server.project
    maps = [project.label_map(scan.id, name) for name in readers]
    layers = [project.layer(scan.id, name) for name in readers]
    said = [[labels_of(layer, k) for k in range(scan.n_slices)] for layer in layers]
    return server.workers.run(heavy.agreement_of, project.scan_file(scan.id), maps, said)


def _take(server: Context, scan: ScanRecord, reader: str, body: TakePost, slices: list[int]) -> None:
    project, choice, whole = server.project, body.choice, body.slices is None
    with server.operations.only_one(scan.id, CONSENSUS):
        _require_current(server, scan, body, slices)
        readers = _done(server, reader, scan)
        sources = readers if choice in WAYS else [choice]
        layers = [project.layer(scan.id, name) for name in sources]
        maps = [project.label_map(scan.id, name) for name in sources]
        taken = server.workers.run(heavy.combined, choice, maps) if choice in WAYS else maps[0]
        with project.transaction():
            why_not = why_not_change(reader, CONSENSUS, server.states(scan.id), server.people)
            if why_not is not None:
                raise HTTPException(403, why_not)
            _require_current(server, scan, body, slices)
            for index in (*slices, *([None] if whole else [])):
                if index is not None:
                    origins = _origins(taken[index], index, maps, layers)
                    project.put_label_map(scan.id, CONSENSUS, index, taken[index], by=reader, origins=origins)
                said = _agreed([labels_of(layer, index) for layer in layers])
                project.put_labels(scan.id, CONSENSUS, index, said, by=reader)


def _require_current(server: Context, scan: ScanRecord, body: TakePost, slices: list[int]) -> None:
    require_current(server.project.layer(scan.id, CONSENSUS), body.base, None if body.slices is None else slices)


def _origins(taken: LabelMap, index: int, maps: list[NDArray[np.uint8]], layers: list[LayerState]) -> Origins:
    """The origins of a consensus slice that was made from readings."""
    of_readings = [layer.maps[index].origins if index in layer.maps else {} for layer in layers]
    return combined_origins(taken, [(one[index], origins) for one, origins in zip(maps, of_readings, strict=True)])


def _agreed(labels: list[Labels]) -> Labels:
    """The labels that all readers share; notes are kept only from a single reader."""
    first, *others = labels
    return Labels(
        subtypes=tuple(one for one in first.subtypes if all(one in other.subtypes for other in others)),
        fracture=all(one.fracture for one in labels),
        no_hemorrhage=all(one.no_hemorrhage for one in labels),
        quality=tuple(one for one in first.quality if all(one in other.quality for other in others)),
        note="" if others else first.note,
    )
