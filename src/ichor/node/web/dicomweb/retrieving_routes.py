"""WADO-RS: the paths of whole objects, their metadata, frames and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from ichor.node.people import Person
from ichor.node.queue.audit import Did
from ichor.node.web.context import Server, Viewer
from ichor.node.web.dicomweb.accepting import (
    DICOM,
    EXPLICIT_LITTLE_ENDIAN,
    MULTIPART,
    OCTETS,
    NotAcceptable,
    check_frames,
    json_type,
    picture_type,
    whole_objects,
)
from ichor.node.web.dicomweb.multipart import joined, new_boundary
from ichor.node.web.dicomweb.objects import Served
from ichor.node.web.dicomweb.retrieving import NoSuchFrame, check_syntax, frames, metadata, picture, whole
from ichor.node.web.dicomweb.state import PREFIX, REFUSALS, Dicomweb, Shared, Uid, accept_of

FrameList = Annotated[str, Path(pattern=r"^[1-9][0-9]{0,5}(,[1-9][0-9]{0,5}){0,999}$")]
SYNTAX = f"transfer-syntax={EXPLICIT_LITTLE_ENDIAN}"
T = TypeVar("T")


def _kinds(*kinds: str) -> dict[int | str, Any]:
    return {**REFUSALS, 200: {"description": "what was asked for", "content": {kind: {} for kind in kinds}}}


OBJECTS, METADATA = _kinds(MULTIPART, DICOM), _kinds("application/dicom+json")
FRAMES, PICTURE = _kinds(MULTIPART), _kinds("image/jpeg", "image/png")
STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"

router = APIRouter(prefix=PREFIX, tags=["DICOMweb"])


@router.get(STUDY, responses=OBJECTS, response_class=Response)
def study_objects(study: Uid, request: Request, shared: Shared, server: Server, person: Viewer) -> Response:
    """The objects of a study's result."""
    return _objects(request, _asked(shared, server, person, study))


@router.get(SERIES, responses=OBJECTS, response_class=Response)
def series_objects(
    study: Uid, series: Uid, request: Request, shared: Shared, server: Server, person: Viewer
) -> Response:
    """The objects of a series."""
    return _objects(request, _asked(shared, server, person, study, series))


@router.get(INSTANCE, responses=OBJECTS, response_class=Response)
def one_object(
    study: Uid, series: Uid, instance: Uid, request: Request, shared: Shared, server: Server, person: Viewer
) -> Response:
    """One object."""
    return _objects(request, _asked(shared, server, person, study, series, instance))


@router.get(STUDY + "/metadata", responses=METADATA, response_class=JSONResponse)
def study_metadata(study: Uid, request: Request, shared: Shared, server: Server, person: Viewer) -> Response:
    """The headers of the objects of a study's result, without pixels."""
    return _metadata(request, _asked(shared, server, person, study))


@router.get(SERIES + "/metadata", responses=METADATA, response_class=JSONResponse)
def series_metadata(
    study: Uid, series: Uid, request: Request, shared: Shared, server: Server, person: Viewer
) -> Response:
    """The headers of the objects of a series."""
    return _metadata(request, _asked(shared, server, person, study, series))


@router.get(INSTANCE + "/metadata", responses=METADATA, response_class=JSONResponse)
def object_metadata(
    study: Uid, series: Uid, instance: Uid, request: Request, shared: Shared, server: Server, person: Viewer
) -> Response:
    """The header of one object."""
    return _metadata(request, _asked(shared, server, person, study, series, instance))


@router.get(INSTANCE + "/frames/{numbers}", responses=FRAMES, response_class=Response)
def object_frames(
    study: Uid,
    series: Uid,
    instance: Uid,
    numbers: FrameList,
    request: Request,
    shared: Shared,
    server: Server,
    person: Viewer,
) -> Response:
    """The uncompressed pixels of frames, whose numbers count from 1."""
    (one,) = _asked(shared, server, person, study, series, instance)
    _acceptable(lambda: check_frames(accept_of(request)))
    found = _acceptable(lambda: _checked(one, lambda: frames(one, [int(number) for number in numbers.split(",")])))
    return _multipart(((f"{OCTETS}; {SYNTAX}", iter([frame])) for frame in found), OCTETS)


@router.get(INSTANCE + "/rendered", responses=PICTURE, response_class=Response)
def rendered(
    study: Uid, series: Uid, instance: Uid, request: Request, shared: Shared, server: Server, person: Viewer
) -> Response:
    """A key slice as a picture: with the outline and the words on research use that are burned in."""
    (one,) = _asked(shared, server, person, study, series, instance)
    kind = _acceptable(lambda: picture_type(accept_of(request)))
    return Response(_acceptable(lambda: _checked(one, lambda: picture(one, 1, kind))), media_type=kind)


def _asked(
    shared: Dicomweb,
    server: Server,
    person: Person,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> tuple[Served, ...]:
    """The objects that a path names, which the audit log says the person saw."""
    found = shared.objects.of(study, series, instance)
    if not found:
        raise HTTPException(404, "expected the study, series and instance of a result, found none of these UIDs")
    server.note(person, Did.SAW_FINDINGS, found[0].key, detail="WADO-RS")
    return found if instance is None else found[:1]


def _objects(request: Request, found: tuple[Served, ...]) -> Response:
    kind = _acceptable(lambda: whole_objects(accept_of(request), len(found)))
    for one in found:
        _acceptable(lambda one=one: _checked(one, lambda: None))  # type: ignore[misc]
    if kind == DICOM:
        return StreamingResponse(whole(found[0]), media_type=f"{DICOM}; {SYNTAX}")
    return _multipart(((f"{DICOM}; {SYNTAX}", whole(one)) for one in found), DICOM)


def _metadata(request: Request, found: tuple[Served, ...]) -> Response:
    kind = _acceptable(lambda: json_type(accept_of(request)))
    return JSONResponse(_acceptable(lambda: [metadata(one) for one in found]), media_type=kind)


def _multipart(parts: Iterator[tuple[str, Iterator[bytes]]], kind: str) -> Response:
    boundary = new_boundary()
    media_type = f'{MULTIPART}; type="{kind}"; boundary={boundary.decode()}'
    return StreamingResponse(joined(parts, boundary), media_type=media_type)


def _checked(one: Served, make: Callable[[], T]) -> T:
    check_syntax(one)
    return make()


def _acceptable(make: Callable[[], T]) -> T:
    """What `make` makes, or the status that its error stands for."""
    try:
        return make()
    except NotAcceptable as error:
        raise HTTPException(406, str(error)) from None
    except NoSuchFrame as error:
        raise HTTPException(404, str(error)) from None
    except FileNotFoundError:
        raise HTTPException(404, "expected a result, found that it was deleted meanwhile") from None
