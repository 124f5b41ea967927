"""The routes of results: findings, pixels, measurements, and the decisions that a person makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi import Path as InPath
from numpy.typing import NDArray
from starlette.responses import Response

from ichor.errors import UnreadableInput
from ichor.read import ScanPath
from ichor.view.change import change
from ichor.view.correction import AskedToCorrect, Corrector, described
from ichor.view.decisions import Asked, read_decisions
from ichor.view.held import Held
from ichor.view.measures import measures
from ichor.view.opened import Opened
from ichor.view.prior import Priors
from ichor.view.readers import Readers
from ichor.view.results import Listed, Results
from ichor.view.summaries import details

Number = Annotated[int, InPath(ge=0, le=2**31)]


def results_router(
    results: Results, given: Sequence[ScanPath], corrector: Corrector | None, readers: Readers
) -> APIRouter:
    """The routes below /api/results/NUMBER; `given` are scans that the user says are there."""
    router = APIRouter(prefix="/api/results/{number}", include_in_schema=False)
    held, priors = Held(results, given), Priors(results, given)

    def readable(number: int) -> Listed:
        one = results.get(number)
        if one is None:
            raise HTTPException(404, "there is no such result")
        if one.findings is None:
            raise UnreadableInput(one.reason)
        return one

    @router.get("")
    def result(request: Request, number: Number) -> dict[str, Any]:
        one = readable(number)
        return {
            **details(number, one),
            "patient": readers.sees_findings(request, number),
            "decisions": read_decisions(one.folder).model_dump(mode="json"),
        }

    @router.get("/scan")
    def scan(request: Request, number: Number) -> dict[str, Any]:
        readable(number)
        opened = held.opened(number)
        readers.sees_images(request, number)
        return {
            **opened.geometry(),
            "has_mask": opened.labels is not None,
            "has_probability": opened.has_probability,
        }

    @router.get("/voxels/{what}")
    def voxels(number: Number, what: str) -> Response:
        readable(number)
        opened = held.opened(number)
        found = _voxels(opened, what)
        if found is None:
            raise HTTPException(404, "this result has none")
        return Response(found.tobytes(), media_type="application/octet-stream")

    @router.get("/measures")
    def measured(number: Number) -> dict[str, Any]:
        readable(number)
        return measures(held.opened(number))

    @router.get("/prior")
    def prior(number: Number) -> dict[str, Any] | None:
        readable(number)
        found = priors.prior(number)
        other = None if found is None else results.get(found)
        if found is None or other is None:
            return None
        return {"number": found, "name": other.name, "change": change(held.opened(number), held.opened(found))}

    @router.put("/decisions")
    def decide(request: Request, number: Number, asked: Asked) -> dict[str, Any]:
        one = readable(number)
        assert one.findings is not None
        if isinstance(asked.about, int) and asked.about > len(one.findings.hemorrhage.lesions):
            raise HTTPException(404, "this result has no such lesion")
        return readers.decide(request, number, one, asked).model_dump(mode="json")

    @router.post("/correction")
    def correct(request: Request, number: Number, asked: AskedToCorrect) -> dict[str, str]:
        readable(number)
        who = readers.corrects(request, number, asked.who)
        if corrector is None:
            raise HTTPException(409, "the annotation tool is only for browsers on the server's own machine")
        return {"link": corrector.begin(held.opened(number), who, asked.slice)}

    @router.get("/correction")
    def correction(number: Number) -> dict[str, Any] | None:
        one = readable(number)
        found = None if corrector is None else corrector.found(one)
        return None if found is None else described(held.opened(number), found)

    return router


def _voxels(opened: Opened, what: str) -> NDArray[Any] | None:
    """The voxels of this name; None if the result has none."""
    match what:
        case "hu":
            return opened.hu()
        case "labels":
            return opened.labels
        case "lesions":
            return opened.lesion_of
        case "probability":
            return opened.probability()
        case _:
            return None
