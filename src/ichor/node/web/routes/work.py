"""What operators direct: priorities, further analyses, and deliveries."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from ichor.node.queue.analysis import KEY_DIGITS
from ichor.node.queue.audit import Did
from ichor.node.queue.deliveries import Delivery
from ichor.node.web.context import Operator, Server, Viewer
from ichor.node.web.forms import DeliveryMade
from ichor.node.web.study import CONFLICT, REFUSALS, FoundStudy

router = APIRouter(prefix="/api", tags=["work"], responses={**REFUSALS})
Number = Annotated[int, InPath(ge=1, le=2**53)]


class Priority(BaseModel):
    """Studies with a higher priority are analyzed first."""

    model_config = ConfigDict(extra="forbid")

    priority: Annotated[int, Field(ge=-1000, le=1000)]


@router.put("/studies/{study}/priority")
def set_priority(study: FoundStudy, asked: Priority, server: Server, person: Operator) -> Priority:
    """Set the priority of a study that waits, or that is analyzed again later."""
    server.services.queue.worklist.set_priority(study["id"], asked.priority)
    server.note(person, Did.SET_PRIORITY, study["key"], detail=str(asked.priority))
    return asked


@router.post("/studies/{study}/analyses", status_code=202, responses={**CONFLICT})
def analyze_again(study: FoundStudy, server: Server, person: Operator) -> None:
    """Have a study analyzed again; the new result replaces the earlier one, also at the destinations."""
    answer = server.services.queue.worklist.analyze_again(study["id"])
    if not answer.done:
        raise HTTPException(409, answer.why_not)
    server.note(person, Did.ANALYZED_AGAIN, study["key"])


@router.get("/deliveries")
def deliveries(
    server: Server,
    person: Viewer,  # noqa: ARG001
    state: Annotated[list[Literal["pending", "dead"]] | None, Query(max_length=5)] = None,
) -> list[DeliveryMade]:
    """The deliveries that are not done: pending, and dead ones, which were given up."""
    return [_form(one) for one in server.services.queue.deliveries.listed(*(state or ("pending", "dead")))]


@router.post("/deliveries/{number}/retry", status_code=202, responses={**CONFLICT})
def retry(number: Number, server: Server, person: Operator) -> None:
    """Attempt a delivery again that was given up."""
    queue = server.services.queue
    study = queue.worklist.study_of_delivery(number)
    if study is None:
        raise HTTPException(404, "there is no such delivery")
    if not queue.deliveries.retry(number):
        raise HTTPException(409, "the delivery was not given up")
    server.note(person, Did.RETRIED, study, detail=f"delivery {number}")


def _form(one: Delivery) -> DeliveryMade:
    names = ("id", "number", "destination", "state", "attempts", "reason")
    return DeliveryMade(study=one.study[:KEY_DIGITS], **{name: getattr(one, name) for name in names})
