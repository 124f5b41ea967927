"""Studies: the list, one of them, and its findings."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from ichor.errors import UnreadableInput
from ichor.findings.schema import Findings
from ichor.node.people import Role
from ichor.node.queue.audit import Did
from ichor.node.queue.studies import StudyState
from ichor.node.queue.worklist import Order
from ichor.node.web.context import Server, Viewer, require
from ichor.node.web.forms import Listed, Study, WholeStudy, when
from ichor.node.web.study import REFUSALS, FoundStudy, result_folder
from ichor.view.decisions import Decided, read_decisions
from ichor.view.results import read_result

router = APIRouter(prefix="/api/studies", tags=["studies"], dependencies=[require(Role.VIEWER)], responses={**REFUSALS})


@router.get("")
def studies(
    server: Server,
    state: Annotated[list[StudyState] | None, Query(max_length=20)] = None,
    decided: bool | None = None,
    order: Order = Order.URGENCY,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Listed:
    """The studies in these states (all, if none is given), one page of them, without anything of a patient.

    By urgency, those that nobody has decided on come first: hemorrhage suspected, then possible, then failed, not yet
    analyzed, unusable, and no hemorrhage found; among these by probability, volume and time of waiting.
    """
    queue = server.services.queue
    rows, total = queue.worklist.listed(states=state or (), decided=decided, order=order, limit=limit, offset=offset)
    counts = {StudyState(name): n for name, n in queue.studies.counts().items()}
    return Listed(studies=[Study.of(one) for one in rows], total=total, counts=counts, now=when(time.time()))


@router.get("/{study}")
def study(study: FoundStudy, server: Server, person: Viewer) -> WholeStudy:
    """One study with its analyses, its deliveries, and the decision on its last result."""
    worklist = server.services.queue.worklist
    decision: Decided | None = None
    if study["result"] is not None:
        try:
            decision = read_decisions(result_folder(server, study)).scan
        except OSError as error:
            raise HTTPException(404, "the result was deleted") from error
    server.note(person, Did.SAW_STUDY, study["key"])
    return WholeStudy.whole(study, worklist.analyses(study["id"]), worklist.deliveries(study["id"]), decision)


@router.get("/{study}/findings")
def findings(study: FoundStudy, server: Server, person: Viewer) -> Findings:
    """The findings of the last result, as in findings.json, without the path of the scan on the node's disk."""
    found = read_result(result_folder(server, study)).findings
    if found is None:
        raise UnreadableInput("expected the findings of the last result, found none that can be read")
    server.note(person, Did.SAW_FINDINGS, study["key"])
    return found.model_copy(update={"scan": found.scan.model_copy(update={"path": None})})
