"""The viewer's server: the list of results, their findings and pixels, and a person's decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException
from fastapi import Path as InPath
from numpy.typing import NDArray
from starlette.responses import Response
from starlette.types import ASGIApp

from ichor.errors import IchorError, UnreadableInput
from ichor.read import ScanPath
from ichor.serving.address import Address, loopback
from ichor.serving.answers import handle_errors
from ichor.serving.enter import enter_router
from ichor.serving.guards import Guards
from ichor.serving.serve import link, listening, serve_app
from ichor.serving.session import Sessions
from ichor.serving.static import page_router
from ichor.serving.who import who_router
from ichor.view.change import change
from ichor.view.correction import AskedToCorrect, Corrector, described
from ichor.view.decisions import Asked, read_decisions
from ichor.view.decisions import decide as store
from ichor.view.held import Held
from ichor.view.measures import measures
from ichor.view.prior import Priors
from ichor.view.results import Listed
from ichor.view.summaries import details, row

PAGE = Path(__file__).with_name("page")
STATUSES: dict[type[IchorError], int] = {IchorError: 422}  # an invalid result, project or name
VIEWER = "viewer"
Number = Annotated[int, InPath(ge=0, le=2**31)]


def create_app(
    results: Sequence[Listed], given: Sequence[ScanPath], sessions: Sessions, at: Address, corrector: Corrector
) -> ASGIApp:
    """The application, to be served at this address; `given` are the scans whose location the user gave."""
    app = FastAPI(title="Ichor", openapi_url=None, docs_url=None, redoc_url=None)
    held, priors = Held(results, given), Priors(results, given)

    @app.get("/api/results")
    def listed() -> list[dict[str, Any]]:
        return [{**row(number, one), "decision": _of_scan(one)} for number, one in enumerate(results)]

    @app.get("/api/results/{number}")
    def result(number: Number) -> dict[str, Any]:
        one = _readable(results, number)
        return {
            **details(number, one),
            "decisions": read_decisions(one.folder).model_dump(mode="json"),
        }

    @app.get("/api/results/{number}/scan")
    def scan(number: Number) -> dict[str, Any]:
        _readable(results, number)
        opened = held.opened(number)
        return {
            **opened.geometry(),
            "has_mask": opened.labels is not None,
            "has_probability": opened.has_probability,
        }

    @app.get("/api/results/{number}/voxels/{what}")
    def voxels(number: Number, what: str) -> Response:
        _readable(results, number)
        opened = held.opened(number)
        found: NDArray[Any] | None
        match what:
            case "hu":
                found = opened.hu()
            case "labels":
                found = opened.labels
            case "lesions":
                found = opened.lesion_of
            case "probability":
                found = opened.probability()
            case _:
                found = None
        if found is None:
            raise HTTPException(404, "this result has none")
        return Response(found.tobytes(), media_type="application/octet-stream")

    @app.get("/api/results/{number}/measures")
    def measured(number: Number) -> dict[str, Any]:
        _readable(results, number)
        return measures(held.opened(number))

    @app.get("/api/results/{number}/prior")
    def prior(number: Number) -> dict[str, Any] | None:
        _readable(results, number)
        found = priors.prior(number)
        if found is None:
            return None
        return {
            "number": found,
            "name": results[found].name,
            "change": change(held.opened(number), held.opened(found)),
        }

    @app.put("/api/results/{number}/decisions")
    def decide(number: Number, asked: Asked) -> dict[str, Any]:
        one = _readable(results, number)
        assert one.findings is not None
        if isinstance(asked.about, int) and asked.about > len(one.findings.hemorrhage.lesions):
            raise HTTPException(404, "this result has no such lesion")
        return store(one.folder, asked).model_dump(mode="json")

    @app.post("/api/results/{number}/correction")
    def correct(number: Number, asked: AskedToCorrect) -> dict[str, str]:
        _readable(results, number)
        return {"link": corrector.begin(held.opened(number), asked.who, asked.slice)}

    @app.get("/api/results/{number}/correction")
    def correction(number: Number) -> dict[str, Any] | None:
        found = corrector.found(_readable(results, number))
        return None if found is None else described(held.opened(number), found)

    app.include_router(enter_router(sessions))
    app.include_router(who_router(sessions))
    app.include_router(page_router(PAGE))
    handle_errors(app, STATUSES)
    return Guards(app, sessions, at)


def serve(
    results: Sequence[Listed],
    given: Sequence[ScanPath],
    port: int,
    corrector: Corrector,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called with the one-use link when the server can be reached.

    Port 0 means any free one. The corrector is closed at the end. Raises IchorError if the port is in use.
    """
    with listening(port) as listener:
        at = loopback(listener.getsockname()[1])
        sessions = Sessions(at.port, "view")
        address = link(at, sessions.new_tokens([VIEWER])[VIEWER])
        app = create_app(results, given, sessions, at, corrector)
        try:
            serve_app(app, listener, lambda: ready(address), corrector.stop_work)
        finally:
            corrector.close()


def _readable(results: Sequence[Listed], number: int) -> Listed:
    if number >= len(results):
        raise HTTPException(404, "there is no such result")
    one = results[number]
    if one.findings is None:
        raise UnreadableInput(one.reason)
    return one


def _of_scan(one: Listed) -> str | None:
    if one.findings is None:
        return None
    try:
        decided = read_decisions(one.folder).scan
    except (OSError, UnreadableInput):  # opening the result reports the problem
        return None
    return None if decided is None else decided.decision
