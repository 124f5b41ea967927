"""Exports from the page, for adjudicators and admins, and on this machine for everyone."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.responses import FileResponse

from ichor.annotate.export.run import TARGETS, Outcome
from ichor.annotate.project import ScanRecord
from ichor.annotate.project.people import Role
from ichor.annotate.project.rules import done_readers
from ichor.annotate.server.bodies import ExportPost
from ichor.annotate.server.context import Answer, Context, Reader, Server

router = APIRouter()
PATH = "/api/project/export"


@router.post(PATH)
def start(body: ExportPost, reader: Reader, server: Server) -> Answer:
    """Start an export of the finished scans; 409 while another one is running."""
    _require_exporter(server, reader)
    if body.target not in TARGETS:
        raise HTTPException(422, f"target: expected one of {', '.join(TARGETS)}")

    def hidden(record: ScanRecord) -> bool:
        """Readers who have not finished a scan do not get another reader's annotation of it."""
        if server.people.role(reader) is not Role.READER:
            return False
        done = done_readers(server.states(record.id))
        return bool(done) and reader not in done and reader in server.states(record.id)

    if not server.exporting.start(body.target, reader, hidden):
        raise HTTPException(409, "another export is running: wait until it is finished")
    return state(reader, server)


@router.get(PATH)
def state(reader: Reader, server: Server) -> Answer:
    """The progress of this person's latest export."""
    _require_exporter(server, reader)
    latest = server.exporting.latest
    targets = list(TARGETS)
    if latest is None or latest.by != reader:
        return {"state": "none", "targets": targets}
    outcomes = list(latest.outcomes)
    return {
        "state": latest.state,
        "targets": targets,
        "target": latest.target,
        "error": latest.error,
        "n_scans": latest.n_scans,
        "n_done": len(outcomes),
        "n_written": sum(not one.reason for one in outcomes),
        "left_out": [_shown(one) for one in outcomes if one.reason],
        "notes": [f"{one.record.name}: {note}" for one in outcomes for note in one.notes],
    }


@router.get(f"{PATH}/file")
def file(reader: Reader, server: Server) -> FileResponse:
    """The archive of this person's latest export."""
    _require_exporter(server, reader)
    latest = server.exporting.latest
    if latest is None or latest.by != reader or latest.archive is None or latest.state != "ready":
        raise HTTPException(404, "you have no finished export")
    return FileResponse(latest.archive, media_type="application/zip", filename=latest.archive.name)


def _shown(one: Outcome) -> Answer:
    return {"id": one.record.id, "subject": one.record.subject, "name": one.record.name, "reason": one.reason}


def _require_exporter(server: Context, reader: str) -> None:
    if not server.people.sees_project(reader):
        raise HTTPException(403, "exports are for adjudicators and admins")
