"""Assembles the server."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.types import ASGIApp

from ichor.annotate.project import NotInProject
from ichor.annotate.project.people import Role
from ichor.annotate.server.context import Context
from ichor.annotate.server.routes import ROUTERS
from ichor.annotate.server.workers import Stopped, TooHeavy
from ichor.serving.accounts import Account
from ichor.serving.address import Address
from ichor.serving.answers import handle_errors
from ichor.serving.enter import enter_router
from ichor.serving.guards import MOST_BYTES, Guards
from ichor.serving.login import login_router
from ichor.serving.static import page_router
from ichor.serving.who import who_router

PAGE = Path(__file__).parents[1] / "page"
STATUSES = {NotInProject: 404, TooHeavy: 422, Stopped: 503}
# Two slices with the maximum number of runs (`bodies.MOST_RUN_NUMBERS`); everything else is short.
MOST_BYTES_OF_SLICES = 2 * 1024**2
# Requests that contain slices, or the revision of each slice.
OF_SLICES = ("/slices/", "/tools/", "/take", "/state", "/machine")


def create_app(context: Context, address: Address) -> ASGIApp:
    """The application, to be served at this address."""
    app = FastAPI(title="Ichor", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.context = context
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(who_router(context.sessions))
    app.include_router(_entrance(context))
    app.include_router(page_router(PAGE))
    handle_errors(app, STATUSES)
    return Guards(app, context.sessions, address, most_bytes)


def _entrance(context: Context) -> APIRouter:
    """How people log in: by links on this machine, otherwise by passwords; readers are added to the project."""
    if context.sessions.entered == "link":
        return enter_router(context.sessions)

    def entered(_request: Request, account: Account) -> None:
        if account.role == Role.READER:
            context.project.add_reader(account.name)

    assert context.accounts is not None
    return login_router(context.sessions, context.accounts, entered)


def most_bytes(path: str) -> int:
    """The largest body that a path accepts."""
    return MOST_BYTES_OF_SLICES if any(one in path for one in OF_SLICES) else MOST_BYTES
