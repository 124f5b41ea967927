"""Assembles the web server. An area is a file in `ichor.node.web.routes` with a router, and a line in ROUTERS here.

Every path needs a session or a token, save those that `is_open` names; each route states the role that it needs.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from ichor.errors import IchorError
from ichor.node.people import Role
from ichor.node.web.context import Context, require
from ichor.node.web.dicomweb import querying_routes, retrieving_routes, storing_routes
from ichor.node.web.dicomweb.receiving import MOST_REQUEST_BYTES
from ichor.node.web.dicomweb.state import PREFIX, Dicomweb
from ichor.node.web.entrance import entrance, refused_token
from ichor.node.web.routes import decisions, drift, health, me, patients, studies, work
from ichor.node.web.viewing import NodeReaders, NodeResults
from ichor.serving.address import Address
from ichor.serving.answers import handle_errors, problem
from ichor.serving.bearers import Bearers
from ichor.serving.guards import LOGIN, MOST_BYTES, Guards
from ichor.serving.static import page_router
from ichor.serving.tokens import Tokens
from ichor.version import __version__
from ichor.view.decisions import Changed
from ichor.view.routes import results_router
from ichor.view.server import PAGE as VIEWER_PAGE

ROUTERS: tuple[APIRouter, ...] = (
    *(me.router, health.router, drift.router, studies.router, decisions.router, patients.router, work.router),
    *(storing_routes.router, querying_routes.router, retrieving_routes.router),
)

PAGE = Path(__file__).with_name("page")
STATUSES: dict[type[IchorError], int] = {Changed: 409, IchorError: 422}
# Files of the pages, in which is nothing of a patient, the ways in, and whether the node works.
OPEN = ("/", "/drift.html", LOGIN, "/enter", "/viewer/", health.LIVE, health.READY)
OPEN_BELOW = (f"{LOGIN}/", "/css/", "/js/", "/viewer/css/", "/viewer/js/")


def is_open(path: str) -> bool:
    """Whether anyone who reaches the server may ask for a path."""
    return path in OPEN or path.startswith(OPEN_BELOW)


def create_app(context: Context, tokens: Tokens, address: Address) -> ASGIApp:
    """The application, to be served at this address."""
    app = FastAPI(
        title="Ichor node",
        description="Studies, results and deliveries of a node. Research use only; not a medical device.",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    app.state.dicomweb = Dicomweb(context.services)
    for router in (*ROUTERS, entrance(context)):
        app.include_router(router)
    services = context.services
    viewer = results_router(NodeResults(services.queue, services.results), (), context.corrector, NodeReaders(context))
    app.include_router(viewer, dependencies=[require(Role.VIEWER)])
    app.include_router(page_router(VIEWER_PAGE, "/viewer"))
    app.include_router(page_router(PAGE))
    handle_errors(app, STATUSES, problem)
    return Guards(
        app,
        context.sessions,
        address,
        most_bytes,
        guarded=lambda path: not is_open(path),
        bearers=Bearers(tokens, lambda client: refused_token(context, client)),
        answer=problem,
    )


def most_bytes(path: str) -> int:
    """The largest body that a path takes."""
    return MOST_REQUEST_BYTES if path.startswith(f"{PREFIX}/studies") else MOST_BYTES
