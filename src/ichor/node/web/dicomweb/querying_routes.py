"""QIDO-RS: the paths of queries, with and without a study and a series in them."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from ichor.node.people import Person
from ichor.node.queue.audit import Did
from ichor.node.web.context import Server, Viewer
from ichor.node.web.dicomweb.accepting import NotAcceptable, json_type
from ichor.node.web.dicomweb.attributes import Level
from ichor.node.web.dicomweb.matching import BadQuery, query_of
from ichor.node.web.dicomweb.state import PREFIX, REFUSALS, Dicomweb, Shared, Uid, accept_of, address_of

# PS3.18 10.6.3.2 and 8.3.4.4 have these words.
FUZZY = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
MORE = "The number of results exceeded the maximum supported by the server. Additional results can be requested."
RESPONSES = {**REFUSALS, 200: {"description": "the matches", "content": {"application/dicom+json": {}}}}

router = APIRouter(prefix=PREFIX, tags=["DICOMweb"])


@router.get("/studies", responses=RESPONSES, response_class=JSONResponse)
def studies(request: Request, shared: Shared, server: Server, person: Viewer) -> JSONResponse:
    """The studies that have results."""
    return _found(request, shared, server, person, Level.STUDY)


@router.get("/series", responses=RESPONSES, response_class=JSONResponse)
def all_series(request: Request, shared: Shared, server: Server, person: Viewer) -> JSONResponse:
    """The series of all results."""
    return _found(request, shared, server, person, Level.SERIES)


@router.get("/instances", responses=RESPONSES, response_class=JSONResponse)
def all_instances(request: Request, shared: Shared, server: Server, person: Viewer) -> JSONResponse:
    """The objects of all results."""
    return _found(request, shared, server, person, Level.INSTANCE)


@router.get("/studies/{study}/series", responses=RESPONSES, response_class=JSONResponse)
def series(study: Uid, request: Request, shared: Shared, server: Server, person: Viewer) -> JSONResponse:
    """The series of a study's result."""
    return _found(request, shared, server, person, Level.SERIES, study)


@router.get("/studies/{study}/instances", responses=RESPONSES, response_class=JSONResponse)
def instances(study: Uid, request: Request, shared: Shared, server: Server, person: Viewer) -> JSONResponse:
    """The objects of a study's result."""
    return _found(request, shared, server, person, Level.INSTANCE, study)


@router.get("/studies/{study}/series/{series}/instances", responses=RESPONSES, response_class=JSONResponse)
def instances_of_series(
    study: Uid, series: Uid, request: Request, shared: Shared, server: Server, person: Viewer
) -> JSONResponse:
    """The objects of a series."""
    return _found(request, shared, server, person, Level.INSTANCE, study, series)


def _found(
    request: Request,
    shared: Dicomweb,
    server: Server,
    person: Person,
    level: Level,
    study: str | None = None,
    series: str | None = None,
) -> JSONResponse:
    try:
        kind = json_type(accept_of(request))
        parameters = [one for one in request.query_params.multi_items() if one[0] != "accept"]
        query = query_of(parameters, level)
    except NotAcceptable as error:
        raise HTTPException(406, str(error)) from None
    except BadQuery as error:
        raise HTTPException(400, str(error)) from None
    address = address_of(request)
    answer = shared.querying.answer(level, query, address, study, series)
    if answer.studies:
        server.note(person, Did.SAW_PATIENT, *answer.studies, detail="QIDO-RS")
    said = [text for true, text in ((query.fuzzy, FUZZY), (answer.more, MORE)) if true]
    response = JSONResponse(answer.rows, media_type=kind)
    for text in said:
        response.headers.append("warning", f'299 {request.url.netloc} "{text}"')
    return response
