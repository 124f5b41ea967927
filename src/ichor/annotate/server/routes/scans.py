"""The worklist, and one scan with its voxels."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import Field
from starlette.responses import Response

from ichor.annotate.project import CONSENSUS, ScanRecord
from ichor.annotate.project.people import People, Role
from ichor.annotate.project.records import State
from ichor.annotate.project.rules import done_readers, may_see, scan_state
from ichor.annotate.server.context import MOST, Answer, Context, Reader, Scanned, Server, own_name
from ichor.annotate.server.routes.person import shown_person
from ichor.scan import FloatArray
from ichor.serving.compressed import compressed
from ichor.serving.geometry import geometry

router = APIRouter()

# Slices per request: on a slow connection, saving waits for no more than these.
MOST_SLICES = 16
SliceNumber = Annotated[int, Field(ge=0, le=MOST)]


@router.get("/api/scans")
def worklist(
    reader: Reader, server: Server, order: Annotated[Literal["added", "uncertainty"], Query()] = "added"
) -> list[Answer]:
    """All scans, for a reader those to read, with their states, in the order of adding or sorted by AI uncertainty.

    Only scans whose uncertainty is known are sorted; the model continues with the others, so request it again.
    """
    states = server.project.states()
    scans = server.project.scans()
    if order == "uncertainty" and server.machine.is_there:
        server.machine.ask_for_uncertainty([one.id for one in scans if server.project.uncertainty(one.id) is None])
    people = server.people
    own = [scan for scan in scans if people.role(reader) is not Role.READER or reader in states.get(scan.id, ())]
    rows = [_row(server, people, scan, reader, states[scan.id]) for scan in own if scan.id in states]
    return sorted(rows, key=_uncertain_first) if order == "uncertainty" else rows


@router.get("/api/scans/{scan_id}")
async def one(scan: Scanned, reader: Reader, server: Server) -> Answer:
    """A scan without its voxels. `key` identifies it in the reader's browser and reveals no name."""
    key = sha256("\n".join((reader, str(scan.id), scan.added_at, scan.source_path)).encode(errors="replace"))
    return {**await server.reads(_described, server, scan), "key": key.hexdigest()[:16]}


@router.get("/api/scans/{scan_id}/voxels")
async def voxels(
    scan: Scanned,
    reader: Reader,  # noqa: ARG001 (only readers may request it)
    server: Server,
    request: Request,
    k: Annotated[list[SliceNumber], Query(min_length=1, max_length=MOST_SLICES)],
) -> Response:
    """The voxels of slices `k`, in this order (ichor.annotate.server.voxels)."""
    if max(k) >= scan.n_slices:
        raise HTTPException(404, f"expected slices 0 to {scan.n_slices - 1} of the scan, found {max(k)}")
    return await server.reads(_voxels, server, scan, k, request.headers.get("accept-encoding", ""))


def _voxels(server: Context, scan: ScanRecord, k: list[int], accept_encoding: str) -> Response:
    return compressed(server.grids.slices(scan.id, k), "application/octet-stream", accept_encoding)


def _row(server: Context, people: People, scan: ScanRecord, reader: str, states: dict[str, State]) -> Answer:
    done = done_readers(states)
    # A reader who is not done learns nothing about what others found, not even that they disagree.
    unblinded = may_see(reader, CONSENSUS, states, people)
    agree = len(done) < 2 or (unblinded and states[CONSENSUS] != "done" and server.project.agree(scan.id, done))
    state = scan_state(states, agree)
    own = own_name(people, "mine", reader) if reader in states else CONSENSUS
    uncertainty = server.project.uncertainty(scan.id)
    return {
        "id": scan.id,
        "subject": scan.subject,
        "name": scan.name,
        "n_slices": scan.n_slices,
        "added_at": scan.added_at,
        "state": state if unblinded or len(done) < 2 else "in progress",
        "mine": {
            "state": states[own],
            "seconds": server.project.seconds(scan.id, own),
            "slices_drawn": server.project.drawn_slices(scan.id, own),
        },
        "readers": [{"name": name, "state": one} for name, one in states.items() if name != CONSENSUS],
        "uncertainty": None if uncertainty is None else sum(uncertainty) / len(uncertainty),
        "open_consensus": unblinded,
    }


def _described(server: Context, record: ScanRecord) -> Answer:
    scan = server.grids.scan(record.id)
    grid = server.grids.grid(record)
    spacing = scan.spacing_mm
    pixel_mm = None if scan.pixel_mm is None else [float(one) for one in _median(scan.pixel_mm)]
    if pixel_mm is not None and grid.axes.transpose:
        pixel_mm.reverse()
    previous = [one for one in server.project.scans() if one.subject == record.subject and one.id < record.id]
    return {
        "id": record.id,
        "subject": record.subject,
        "name": record.name,
        "shape": [record.n_slices, *grid.shown],
        "pixel_mm": pixel_mm,
        "spacing_mm": None if spacing is None or pixel_mm is None else [*pixel_mm, spacing[2]],
        "pixel_mm2": _listed(scan.pixel_area_mm2),
        "slice_mm": _listed(scan.slice_positions_mm),
        "height_mm": _listed(scan.slice_heights_mm),
        "geometry": geometry(scan),
        "gray_window": None if scan.gray_window is None else asdict(scan.gray_window),
        "warnings": list(scan.warnings),
        "previous": [{"id": one.id, "name": one.name, "added_at": one.added_at} for one in reversed(previous)],
        "person": shown_person(server.project.subject(record.id)),
    }


def _listed(values: FloatArray | None) -> list[float] | None:
    return None if values is None else [float(one) for one in values]


def _median(pixel_mm: object) -> list[float]:
    import numpy as np

    return [float(one) for one in np.median(np.asarray(pixel_mm), axis=0)]


def _uncertain_first(row: Answer) -> tuple[bool, bool, float]:
    """The sort key of rows: the mean uncertainty that they show, highest first.

    Scans whose uncertainty is not yet known come next, and scans finished by the reader or by everyone come last.
    """
    finished = "done" in (row["state"], row["mine"]["state"])
    known = row["uncertainty"] is not None
    return finished, not known, -row["uncertainty"] if known else 0.0
