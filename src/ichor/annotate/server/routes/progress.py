"""The progress of a reading or the consensus: its state, the time spent, and the slices viewed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict

from fastapi import APIRouter, HTTPException, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from ichor.annotate.project import CONSENSUS
from ichor.annotate.project.findings import slice_findings
from ichor.annotate.project.finishing import finish, open_points
from ichor.annotate.project.rules import why_not_set
from ichor.annotate.server.bodies import LooksPost, SecondsPost, StatePost
from ichor.annotate.server.context import Answer, Reader, Scanned, Server, own_name
from ichor.annotate.server.operations import require_current
from ichor.annotate.server.routes.layers import changeable, layer_answer

router = APIRouter()


@router.post("/api/scans/{scan_id}/state")
def put_state(scan: Scanned, body: StatePost, reader: Reader, server: Server) -> Response:
    """Set the state of a reading or the consensus.

    It is finished only on the revisions that the page has, and only if exactly its open points were confirmed;
    otherwise the response is 409, with the open points.
    """
    name, project = own_name(server.people, body.layer, reader), server.project
    with server.operations.only_one(scan.id, name), project.transaction():
        why_not = why_not_set(reader, name, server.states(scan.id), server.people)
        if why_not is not None:
            raise HTTPException(403, why_not)
        if body.state != "done":
            project.set_state(scan.id, name, body.state, by=reader)
            return JSONResponse({"state": body.state})
        require_current(project.layer(scan.id, name), body.base)
        points = open_points(project, scan.id, name)
        if points and points != body.confirmed:
            return JSONResponse(
                {"error": "there are open points: confirm them, or continue reading", "open": asdict(points)}, 409
            )
        finish(project, scan.id, name, points, by=reader)
    findings = slice_findings(project.layer(scan.id, name), scan.n_slices, project.looked(scan.id, name))
    layer = layer_answer(server, reader, scan.id, name)
    return JSONResponse({"state": "done", "findings": Counter(findings), "layer": layer})


@router.post("/api/scans/{scan_id}/looks")
def put_looks(scan: Scanned, body: LooksPost, reader: Reader, server: Server) -> Answer:
    """Record which slices the reader has viewed."""
    name = changeable(server, reader, scan.id, body.layer)
    server.project.add_looks(scan.id, name, body.slices, by=reader)
    return {"looked": len(body.slices)}


@router.post("/api/scans/{scan_id}/seconds")
async def put_seconds(scan: Scanned, request: Request, reader: Reader, server: Server) -> Answer:
    """Add to the time spent; accepts any content type, because a page that is being closed can send only text."""
    try:
        body = SecondsPost.model_validate(json.loads(await request.body()))
    except (ValueError, RecursionError, ValidationError) as error:
        raise HTTPException(422, "expected the seconds since the last report, 0 to 3600") from error
    own = own_name(server.people, "mine", reader)
    if own_name(server.people, body.layer, reader) not in (own, CONSENSUS):
        raise HTTPException(403, "this layer belongs to another reader")
    return {"seconds": await run_in_threadpool(server.project.add_seconds, scan.id, own, body.seconds)}
