"""Assembles the server."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp

from ichor.annotate.server.answers import handle_errors
from ichor.annotate.server.context import Context
from ichor.annotate.server.guards import Guards
from ichor.annotate.server.routes import ROUTERS
from ichor.annotate.server.static import page_router


def create_app(context: Context, port: int) -> ASGIApp:
    """The application, to be served on this port of loopback."""
    app = FastAPI(title="Ichor", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.context = context
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(page_router())
    handle_errors(app)
    return Guards(app, context.sessions, port)
