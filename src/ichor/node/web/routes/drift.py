"""The drift of the node's results."""

from __future__ import annotations

from fastapi import APIRouter

from ichor.node.drift import DriftReport, drift_of
from ichor.node.people import Role
from ichor.node.web.context import Server, require
from ichor.node.web.study import REFUSALS

router = APIRouter(tags=["health"], dependencies=[require(Role.VIEWER)], responses={**REFUSALS})


@router.get("/api/drift")
def drift(server: Server) -> DriftReport:
    """The node's results by week, against those of the scans that its model was tested on."""
    return drift_of(server.services.queue, server.services.config)
