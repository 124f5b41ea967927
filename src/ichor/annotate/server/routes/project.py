"""The whole project on one page: progress of each reader, agreement of pairs, and assignment of scans."""

from __future__ import annotations

from itertools import combinations

from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool

from ichor.annotate.agreement_over_scans import over_scans
from ichor.annotate.project import CONSENSUS, ScanRecord
from ichor.annotate.project.assignments import HasBegun, distribute
from ichor.annotate.project.people import Role
from ichor.annotate.project.records import State
from ichor.annotate.project.rules import done_readers, may_see, scan_state
from ichor.annotate.server.bodies import AssignPut, DistributePost
from ichor.annotate.server.context import Answer, Context, Reader, Server

router = APIRouter()
NOT_YOURS = "the progress of the project is for adjudicators and admins"


@router.get("/api/project")
def project(reader: Reader, server: Server) -> Answer:
    """Who has read what, and what the requesting person may do."""
    _require_overview(server, reader)
    people = server.people
    for name, role in people.roles.items():
        if role is Role.READER:
            server.project.add_reader(name)
    states, assigned = server.project.states(), server.project.assigned()
    return {
        "readers": [_progress(server, name, states) for name in server.project.readers()],
        "consensus": _of_consensus(states),
        "scans": [_scan(server, reader, one, states[one.id], assigned) for one in server.project.scans()],
        "may_assign": people.manages(reader),
    }


@router.get("/api/project/agreement")
async def agreement(reader: Reader, server: Server) -> list[Answer]:
    """The agreement of each pair of readers over the scans that both have finished.

    Readers on this machine get it for the scans that they have finished themselves.
    """
    _require_overview(server, reader)
    return await run_in_threadpool(_agreement, server, reader)


@router.put("/api/project/assignments")
def assign(body: AssignPut, reader: Reader, server: Server) -> Answer:
    """Assign these scans to exactly these readers, or to all if none is named. 409 if somebody else has started."""
    _require_manager(server, reader)
    _require_readers(server, body.readers)
    try:
        with server.project.transaction():
            for scan_id in body.scans:
                server.project.assign(scan_id, body.readers, by=reader)
    except HasBegun as error:
        raise HTTPException(409, str(error)) from error
    return {"assigned": len(body.scans)}


@router.post("/api/project/distribute")
def share_out(body: DistributePost, reader: Reader, server: Server) -> Answer:
    """Distribute the scans that are neither started nor assigned evenly, each to the given number of readers."""
    _require_manager(server, reader)
    _require_readers(server, body.readers)
    if body.each > len(body.readers):
        raise HTTPException(422, f"each: expected 1 to {len(body.readers)} of the readers, found {body.each}")
    with server.project.transaction():
        assigned = server.project.assigned()
        free = [
            scan_id
            for scan_id, states in server.project.states().items()
            if scan_id not in assigned and all(state == "new" for state in states.values())
        ]
        load = {name: sum(name in one for one in assigned.values()) for name in body.readers}
        for scan_id, names in distribute(free, body.readers, body.each, load).items():
            server.project.assign(scan_id, names, by=reader)
    return {"assigned": len(free)}


def _require_overview(server: Context, reader: str) -> None:
    if not server.people.sees_project(reader):
        raise HTTPException(403, NOT_YOURS)


def _require_manager(server: Context, reader: str) -> None:
    if not server.people.manages(reader):
        raise HTTPException(403, "scans are assigned by an admin")


def _require_readers(server: Context, names: list[str]) -> None:
    if unknown := sorted(set(names) - set(server.project.readers())):
        raise HTTPException(422, f"readers: expected readers of the project, found {unknown[0]!r}")


def _progress(server: Context, name: str, states: dict[int, dict[str, State]]) -> Answer:
    own = [one[name] for one in states.values() if name in one]
    return {
        "name": name,
        "assigned": len(own),
        "begun": sum(state != "new" for state in own),
        "done": own.count("done"),
        "seconds": server.project.seconds_of(name),
    }


def _of_consensus(states: dict[int, dict[str, State]]) -> Answer:
    """The number of scans with two or more finished readings, and the progress of their consensus."""
    own = [one[CONSENSUS] for one in states.values() if len(done_readers(one)) > 1]
    return {
        "open": len(own),
        "begun": sum(state != "new" for state in own),
        "done": own.count("done"),
    }


def _scan(
    server: Context, reader: str, scan: ScanRecord, states: dict[str, State], assigned: dict[int, list[str]]
) -> Answer:
    done = done_readers(states)
    hidden = len(done) > 1 and not _sees(server, reader, states)
    agree = len(done) < 2 or hidden or states[CONSENSUS] == "done" or server.project.agree(scan.id, done)
    return {
        "id": scan.id,
        "subject": scan.subject,
        "name": scan.name,
        "state": "in progress" if hidden else scan_state(states, agree),
        "readers": {name: state for name, state in states.items() if name != CONSENSUS},
        "consensus": states[CONSENSUS],
        "assigned": assigned.get(scan.id, []),
    }


def _sees(server: Context, reader: str, states: dict[str, State]) -> bool:
    """Whether somebody may see how the finished readings of a scan compare: for readers, if theirs is finished."""
    people = server.people
    return people.role(reader) is not Role.READER or may_see(reader, CONSENSUS, states, people)


def _agreement(server: Context, reader: str) -> list[Answer]:
    records = {one.id: one for one in server.project.scans()}
    done = {
        scan_id: done_readers(states)
        for scan_id, states in server.project.states().items()
        if scan_id in records and _sees(server, reader, states)
    }
    found = []
    for pair in combinations(server.project.readers(), 2):
        common = [records[scan_id] for scan_id, names in done.items() if set(pair) <= set(names)]
        compared = [server.agreements.of(record, *pair) for record in common]
        found.append({"readers": pair, **over_scans(compared)})
    return [one for one in found if one["n_scans"]]
