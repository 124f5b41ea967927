"""Whose studies are, for people who are signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from ichor.node.people import Way
from ichor.node.queue.analysis import result_name
from ichor.node.queue.audit import Did
from ichor.node.web.context import Server, Viewer
from ichor.node.web.forms import Id
from ichor.node.web.patients import identity_of
from ichor.node.web.study import REFUSALS

router = APIRouter(prefix="/api/patients", tags=["patients"], responses={**REFUSALS})


class Patient(BaseModel):
    """Whose a study is; null for what its files do not state."""

    name: str | None
    id: str | None
    accession: str | None
    birth_date: str | None
    study_date: str | None
    sex: str | None
    age: str | None


@router.get("")
def patients(server: Server, person: Viewer, study: Annotated[list[Id], Query(max_length=200)]) -> dict[str, Patient]:
    """Whose these studies are, by their ids; studies that are not there are left out.

    Only for people with a session, not for tokens. The audit log says who saw which.
    """
    if person.way is Way.TOKEN:
        raise HTTPException(403, "patients' names are only for people who are signed in")
    found = [one for name in dict.fromkeys(study) if (one := server.services.queue.worklist.find(name)) is not None]
    if not found:
        return {}
    server.note(person, Did.SAW_PATIENT, *(one["key"] for one in found))
    return {
        one["key"][:16]: Patient.model_validate(
            identity_of(
                server.services,
                one["key"],
                None if one["result"] is None else result_name(one["key"], one["number"]),
            ),
            from_attributes=True,
        )
        for one in found
    }
