"""Health checks, which anyone may ask for and which say nothing else, and metrics for Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from ichor.node.health import metrics, not_alive, not_ready
from ichor.node.people import Role
from ichor.node.web.context import Server, require
from ichor.node.web.study import REFUSALS, refusal

LIVE, READY, METRICS = "/health/live", "/health/ready", "/metrics"

router = APIRouter(tags=["health"], responses={**REFUSALS})
NOT: dict[int | str, dict[str, Any]] = {503: refusal("It does not.")}


@router.get(LIVE, responses={**NOT})
def live(server: Server) -> dict[str, bool]:
    """Whether the node works; with 503, it has to be restarted."""
    if not_alive(server.services):
        raise HTTPException(503, "the node has to be restarted")
    return {"live": True}


@router.get(READY, responses={**NOT})
def ready(server: Server) -> dict[str, bool]:
    """Whether the node takes images now; with 503, it does not."""
    if not_ready(server.services):
        raise HTTPException(503, "the node takes no images now")
    return {"ready": True}


@router.get("/api/health", dependencies=[require(Role.VIEWER)])
def health(server: Server) -> dict[str, list[str]]:
    """Why the node has to be restarted, and why it takes no images now; both lists are empty if all is well."""
    return {"not_alive": not_alive(server.services), "not_ready": not_ready(server.services)}


@router.get(
    METRICS,
    dependencies=[require(Role.VIEWER)],
    response_class=Response,
    responses={200: {"content": {CONTENT_TYPE_LATEST: {"schema": {"type": "string"}}}}},
)
def prometheus(server: Server) -> Response:
    """Metrics in the text format of Prometheus."""
    return Response(metrics(server.services), media_type=CONTENT_TYPE_LATEST)
