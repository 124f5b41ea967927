"""The viewer of results in the node: its results, and what the audit log says of who looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import HTTPException
from starlette.requests import Request

from ichor.node.people import Person, Role, Way
from ichor.node.queue.audit import Did
from ichor.node.queue.queue import Queue
from ichor.node.web.context import Context
from ichor.node.web.patients import identity_of
from ichor.view.decisions import Asked, Decisions, decide
from ichor.view.results import Listed, read_result

CANDIDATES = 20  # the latest results, among which an earlier scan of the same patient is sought


class NodeResults:
    """The results of a node; their numbers are those of the analyses in the queue."""

    def __init__(self, queue: Queue, folder: Path) -> None:
        self._queue, self._folder = queue, folder

    def get(self, number: int) -> Listed | None:
        """As `ichor.view.results.Results.get`."""
        found = self._queue.worklist.result(number)
        return None if found is None else read_result(self._folder / found[1])

    def numbers(self) -> Sequence[int]:
        """As `ichor.view.results.Results.numbers`: the latest ones whose images are kept."""
        return self._queue.worklist.latest_results(CANDIDATES)


class NodeReaders:
    """Whoever has a session or a token; decisions bear their names, and need the role of an operator."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def sees_findings(self, request: Request, number: int) -> str | None:
        """As `ichor.view.readers.Readers.sees_findings`: people with a session see the patient's name."""
        person, services = self._person(request), self._context.services
        self._note(person, Did.SAW_FINDINGS, number)
        found = services.queue.worklist.result(number)
        if found is None or person.way is Way.TOKEN:
            return None
        self._note(person, Did.SAW_PATIENT, number)
        whose = identity_of(services, *found)
        numbers = {"ID": whose.id, "accession": whose.accession, "born": whose.birth_date}
        return ", ".join([whose.name or "no name", *(f"{word} {one}" for word, one in numbers.items() if one)])

    def sees_images(self, request: Request, number: int) -> None:
        """As `ichor.view.readers.Readers.sees_images`."""
        self._note(self._person(request), Did.SAW_IMAGES, number)

    def corrects(self, request: Request, number: int, said: str) -> str:  # noqa: ARG002
        """As `ichor.view.readers.Readers.corrects`: the name that they entered with, whatever they say."""
        person = self._operator(request)
        self._note(person, Did.CORRECTED, number)
        return person.name

    def decide(self, request: Request, number: int, listed: Listed, asked: Asked) -> Decisions:
        """As `ichor.view.readers.Readers.decide`."""
        person = self._operator(request)
        stored = decide(listed.folder, asked.model_copy(update={"who": person.name}))
        if asked.about == "scan":
            self._context.services.queue.worklist.decided(listed.folder.name, stored.scan)
        about = f"lesion {asked.about}" if isinstance(asked.about, int) else asked.about.replace("_", " ")
        what = asked.decision or ("set" if asked.mm is not None else "withdrawn")
        self._note(person, Did.DECIDED, number, f"{about}: {what}")
        return stored

    def _person(self, request: Request) -> Person:
        person = self._context.person(request)
        if person is None:
            raise HTTPException(401, "log in, or send a token")
        return person

    def _operator(self, request: Request) -> Person:
        person = self._person(request)
        if not person.role.includes(Role.OPERATOR):
            raise HTTPException(403, f"expected the role {Role.OPERATOR}, found {person.role}")
        return person

    def _note(self, person: Person, did: Did, number: int, detail: str = "") -> None:
        found = self._context.services.queue.worklist.result(number)
        if found is not None:
            self._context.note(person, did, found[0], detail=f"result {found[1].rpartition('-')[2]} {detail}".strip())
