"""The audit log: who saw or did what, when, and from where. It is only ever added to, and survives restarts.

Each entry has a hash of itself and of the entry before it, so that a changed or removed one is found out, save for the
last ones. Nothing of a patient is in it, and of a study only its digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from sqlite3 import Row

from ichor.node.people import Person
from ichor.node.queue.database import Database

FIRST = "0" * 64  # in place of the hash before the first entry
AT_ONCE = 1000


class Did(StrEnum):
    """What somebody saw or did."""

    ENTERED = "entered"
    LEFT = "left"
    REFUSED = "was refused"
    SAW_PATIENT = "saw the patient's name"
    SAW_STUDY = "saw the study"
    SAW_FINDINGS = "saw the findings"
    SAW_IMAGES = "saw the images"
    DECIDED = "decided"
    CORRECTED = "began a correction"
    ANALYZED_AGAIN = "had the study analyzed again"
    SET_PRIORITY = "set the priority"
    RETRIED = "had a delivery attempted again"
    SENT_IMAGES = "sent images"
    CHANGED_ACCESS = "changed who has access"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        id: counts from 1.
        at: UTC, ISO 8601.
        who, role, way, client: of the person (`ichor.node.people.Person`).
        did: what they saw or did.
        study: the study's key, or "".
        detail: more about it, such as the decision.
        hash: SHA-256 of this entry and the hash before it.
    """

    id: int
    at: str
    who: str
    role: str
    way: str
    client: str
    did: str
    study: str
    detail: str
    hash: str

    def hash_after(self, before: str) -> str:
        """What `hash` has to be after an entry with that hash."""
        own = {name: value for name, value in asdict(self).items() if name != "hash"}
        return sha256(f"{before}\n{json.dumps(own, sort_keys=True)}".encode()).hexdigest()


class Audit:
    """The log in the queue's database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, person: Person, did: Did, studies: Sequence[str] = ("",), detail: str = "") -> None:
        """Add an entry for each study, or one without a study; when this returns, they are on the disk."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._db.transaction():
            last = self._db.row("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
            number, before = (last["id"], last["hash"]) if last else (0, FIRST)
            for study in studies:
                number += 1
                entry = Entry(
                    number,
                    at,
                    person.name,
                    person.role.value,
                    person.way.value,
                    person.client,
                    did.value,
                    study,
                    detail,
                    "",
                )
                before = entry.hash_after(before)
                values = (*asdict(entry).values(),)
                self._db.write("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*values[:-1], before))

    def entries(self) -> Iterator[Entry]:
        """All entries, the oldest first."""
        last = 0
        while rows := self._db.rows("SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?", (last, AT_ONCE)):
            yield from map(_entry, rows)
            last = rows[-1]["id"]

    def first_broken(self) -> int | None:
        """The number of the first entry that is not what was added, or that is missing; None if there is none."""
        before = FIRST
        for number, entry in enumerate(self.entries(), 1):
            if entry.id != number or entry.hash != entry.hash_after(before):
                return number
            before = entry.hash
        return None


def _entry(row: Row) -> Entry:
    return Entry(**dict(row))
