"""The subject of a scan: age, sex and condition, for the dataset's demographics. All readers share it."""

from __future__ import annotations

from fastapi import APIRouter

from ichor.annotate.project import Person
from ichor.annotate.server.bodies import PersonPut
from ichor.annotate.server.context import Answer, Reader, Scanned, Server

router = APIRouter()


@router.put("/api/scans/{scan_id}/person")
def put_person(scan: Scanned, body: PersonPut, reader: Reader, server: Server) -> Answer:
    """Enter the subject, which applies to all of the subject's scans."""
    server.project.put_subject(scan.id, body.person(), by=reader)
    return shown_person(server.project.subject(scan.id))


def shown_person(person: Person) -> Answer:
    """The subject as the page shows it."""
    return {
        "age": person.age,
        "sex": person.sex and person.sex[0],
        "condition": person.condition,
        "note": person.note,
    }
