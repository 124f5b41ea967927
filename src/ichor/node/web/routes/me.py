"""Who asks, and what they may do."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from ichor.node.people import Role, Way
from ichor.node.web.context import Server, Viewer
from ichor.node.web.study import REFUSALS

router = APIRouter(prefix="/api", tags=["access"], responses={**REFUSALS})


class Me(BaseModel):
    """Who asks."""

    name: str
    role: Role
    way: Way
    decides: bool
    corrects: bool
    home: str


@router.get("/me")
def me(person: Viewer, server: Server) -> Me:
    """Who this token or session is of, and what they may do."""
    return Me(
        name=person.name,
        role=person.role,
        way=person.way,
        decides=person.role is Role.OPERATOR,
        corrects=server.corrector is not None,
        home="/",
    )
