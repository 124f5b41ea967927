"""The consensus of all finished readings: their agreement, and applying readings or combinations of them."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, HTTPException, Query
from numpy.typing import NDArray
from pydantic import StringConstraints

from ichor.annotate.consensus import MOST_READERS, WAYS
from ichor.annotate.project import CONSENSUS, LayerState, Origins, ScanRecord
from ichor.annotate.project.labels import agreed, labels_of
from ichor.annotate.project.origins import combined_origins
from ichor.annotate.project.records import State
from ichor.annotate.project.rules import done_readers, may_see, why_not_change
from ichor.annotate.project.runs import LabelMap
from ichor.annotate.server import heavy
from ichor.annotate.server.bodies import TakePost
from ichor.annotate.server.context import Answer, Context, Reader, Scanned, Server
from ichor.annotate.server.operations import require_current
from ichor.annotate.server.routes.layers import layer_answer

router = APIRouter()
ReaderName = Annotated[str, StringConstraints(max_length=60)]


@router.get("/api/scans/{scan_id}/consensus")
async def consensus(
    scan: Scanned,
    reader: Reader,
    server: Server,
    of: Annotated[list[ReaderName] | None, Query(min_length=2, max_length=2)] = None,
) -> Answer:
    """The readers who have finished and those who have not, and the consensus so far; 403 until two have finished.

    The response includes the agreement of two of them, by default the first two.
    """
    readers = _done(server, reader, scan)
    pair = of or readers[:2]
    if len(set(pair)) < 2 or not set(pair) <= set(readers):
        raise HTTPException(422, "of: expected two readers who have finished")
    return {
        "readers": readers,
        "unfinished": [name for name, state in server.states(scan.id).items() if _is_unfinished(name, state)],
        "agreement": await server.heavily(_agreement, server, scan, pair),
        "layer": layer_answer(server, reader, scan.id, CONSENSUS),
    }


@router.post("/api/scans/{scan_id}/consensus/take")
async def take(scan: Scanned, body: TakePost, reader: Reader, server: Server) -> Answer:
    """Apply one reading, or a combination of all, to the consensus, and return it."""
    readers = _done(server, reader, scan)
    if body.choice not in (*WAYS, *readers):
        raise HTTPException(422, f"choice: expected a reader who is done, or one of {', '.join(WAYS)}")
    if body.choice in WAYS and len(readers) > MOST_READERS:
        raise HTTPException(422, f"expected at most {MOST_READERS} finished readings to combine, found {len(readers)}")
    slices = sorted(set(body.slices)) if body.slices is not None else list(range(scan.n_slices))
    if slices and slices[-1] >= scan.n_slices:
        raise HTTPException(422, f"slices: expected slices 0 to {scan.n_slices - 1}")
    await server.heavily(_take, server, scan, reader, body, slices)
    return layer_answer(server, reader, scan.id, CONSENSUS)


def _done(server: Context, reader: str, scan: ScanRecord) -> list[str]:
    states = server.states(scan.id)
    if not may_see(reader, CONSENSUS, states, server.people):
        raise HTTPException(403, "the consensus opens when two readers have finished this scan")
    return done_readers(states)


def _is_unfinished(name: str, state: State) -> bool:
    return name != CONSENSUS and state != "done"


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
                said = agreed([labels_of(layer, index) for layer in layers], choice)
                project.put_labels(scan.id, CONSENSUS, index, said, by=reader)


def _require_current(server: Context, scan: ScanRecord, body: TakePost, slices: list[int]) -> None:
    require_current(server.project.layer(scan.id, CONSENSUS), body.base, None if body.slices is None else slices)


def _origins(taken: LabelMap, index: int, maps: list[NDArray[np.uint8]], layers: list[LayerState]) -> Origins:
    """The origins of a consensus slice that was made from readings."""
    of_readings = [layer.maps[index].origins if index in layer.maps else {} for layer in layers]
    return combined_origins(taken, [(one[index], origins) for one, origins in zip(maps, of_readings, strict=True)])
