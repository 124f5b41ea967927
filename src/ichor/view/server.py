"""The viewer's server: the list of results, their findings and pixels, and a person's decisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI
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
from ichor.view.correction import Corrector
from ichor.view.decisions import Changed, read_decisions
from ichor.view.readers import Me, OnThisMachine
from ichor.view.results import FoundResults, Listed
from ichor.view.routes import results_router
from ichor.view.ruling import Truths
from ichor.view.summaries import row
from ichor.view.truths import truths_router

PAGE = Path(__file__).with_name("page")
# The last: an invalid result, project or name.
STATUSES: dict[type[IchorError], int] = {Changed: 409, IchorError: 422}
VIEWER = "viewer"


def create_app(
    results: Sequence[Listed],
    given: Sequence[ScanPath],
    sessions: Sessions,
    at: Address,
    corrector: Corrector,
    truths: Truths | None = None,
) -> ASGIApp:
    """The application, to be served at this address; `given` are the scans whose location the user gave.

    With `truths`, the results are those of a validation, and people adjudicate the truth of the scans.
    """
    app = FastAPI(title="Ichor", openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/api/me")
    def me() -> dict[str, Any]:
        return Me(rules=truths is not None).as_json()

    @app.get("/api/results")
    def listed() -> list[dict[str, Any]]:
        return [
            {**row(number, one), "decision": _of_scan(one), "truth": None if truths is None else truths.of(number)}
            for number, one in enumerate(results)
        ]

    if truths is not None:
        app.include_router(truths_router(truths))
    app.include_router(results_router(FoundResults(results), given, corrector, OnThisMachine()))
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
    truths: Truths | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called with the one-use link when the server can be reached.

    Port 0 means any free one. The corrector is closed at the end. Raises IchorError if the port is in use.
    """
    with listening(port) as listener:
        at = loopback(listener.getsockname()[1])
        sessions = Sessions(at.port, "view")
        address = link(at, sessions.new_tokens([VIEWER])[VIEWER])
        app = create_app(results, given, sessions, at, corrector, truths)
        try:
            serve_app(app, listener, lambda: ready(address), corrector.stop_work)
        finally:
            corrector.close()


def _of_scan(one: Listed) -> str | None:
    if one.findings is None:
        return None
    try:
        decided = read_decisions(one.folder).scan
    except (OSError, UnreadableInput):  # opening the result reports the problem
        return None
    return None if decided is None else decided.decision
