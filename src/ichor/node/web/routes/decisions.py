"""People's decisions on results: accept, reject or correct."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from ichor.node.queue.audit import Did
from ichor.node.web.context import Operator, Server
from ichor.node.web.study import CONFLICT, REFUSALS, FoundStudy, result_folder
from ichor.view.decisions import Asked, Comment, Decided, Decision
from ichor.view.decisions import decide as store

router = APIRouter(prefix="/api/studies/{study}/decision", tags=["decisions"], responses={**REFUSALS, **CONFLICT})


class Deciding(BaseModel):
    """A decision to store on the last result; null withdraws it.

    `seen` is the decision so far, as whoever decides knows it: null if there is none. If another one was made in the
    meantime, nothing is stored.
    """

    model_config = ConfigDict(extra="forbid")

    decision: Decision | None
    comment: Comment | None = None
    seen: Decided | None


@router.put("")
def decide(study: FoundStudy, asked: Deciding, server: Server, person: Operator) -> Decided | None:
    """Decide on the last result of a study, in the name of whoever asks, and return the decision as stored."""
    folder = result_folder(server, study)
    whole = Asked(about="scan", who=person.name, **asked.model_dump())
    stored = store(folder, whole).scan
    server.services.queue.worklist.decided(folder.name, stored)
    server.note(person, Did.DECIDED, study["key"], detail=f"result {study['number']}: {asked.decision or 'withdrawn'}")
    return stored
