"""STOW-RS: the two paths that images are sent to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from ichor.node.people import Person, Role
from ichor.node.queue.audit import Did
from ichor.node.web.context import Server, require
from ichor.node.web.dicomweb.accepting import JSON, NotAcceptable, json_type
from ichor.node.web.dicomweb.multipart import BadMultipart, boundary_of
from ichor.node.web.dicomweb.receiving import Busy, TooSlow
from ichor.node.web.dicomweb.state import PREFIX, REFUSALS, Dicomweb, Shared, Uid, accept_of
from ichor.node.web.dicomweb.storing import response_of, status_of

Sender = Annotated[Person, require(Role.OPERATOR)]
RETRY_S = "5"
_STORED = {200: "all are stored", 202: "some are stored", 409: "none is stored"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    **REFUSALS,
    **{status: {"description": said, "content": {JSON: {}}} for status, said in _STORED.items()},
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {"multipart/related": {"schema": {"type": "string", "format": "binary"}}},
    }
}

router = APIRouter(prefix=PREFIX, tags=["DICOMweb"])


@router.post("/studies", responses=RESPONSES, response_class=JSONResponse, openapi_extra=BODY)
async def store(request: Request, shared: Shared, server: Server, sender: Sender) -> JSONResponse:
    """Store images of any study: multipart/related, each part one DICOM file."""
    return await _stored(request, shared, server, sender, None)


@router.post("/studies/{study}", responses=RESPONSES, response_class=JSONResponse, openapi_extra=BODY)
async def store_study(study: Uid, request: Request, shared: Shared, server: Server, sender: Sender) -> JSONResponse:
    """Store images of this study; those of others are refused."""
    return await _stored(request, shared, server, sender, study)


async def _stored(
    request: Request, shared: Dicomweb, server: Server, sender: Person, study: str | None
) -> JSONResponse:
    try:
        kind = json_type(accept_of(request))
        boundary = boundary_of(request.headers.get("content-type", ""))
    except NotAcceptable as error:
        raise HTTPException(406, str(error)) from None
    except BadMultipart as error:
        raise HTTPException(415, str(error)) from None
    try:
        storing = await shared.receiving.receive(request.stream(), boundary, sender.name, study)
    except BadMultipart as error:
        raise HTTPException(400, str(error)) from None
    except TooSlow:
        raise HTTPException(408, "expected the rest of the request, found that nothing arrived") from None
    except Busy:
        raise HTTPException(503, "as much is being received as the node takes", {"retry-after": RETRY_S}) from None
    if not storing.stored and not storing.failures:
        raise HTTPException(400, "expected at least one part, found none")
    if storing.studies:
        server.note(sender, Did.SENT_IMAGES, *storing.studies)
    return JSONResponse(response_of(storing), status_of(len(storing.stored), len(storing.failures)), media_type=kind)
