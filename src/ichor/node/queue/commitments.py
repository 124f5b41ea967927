"""Storage commitment requests in the queue; each is answered later, on a separate association."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from ichor.node.queue.database import Database
from ichor.node.queue.retries import Retries


@dataclass(frozen=True, slots=True)
class Commitment:
    """A storage commitment request that has to be answered.

    Attributes:
        id: in the queue.
        sender: the AE title of the requester.
        transaction_uid: identifies the request in the report.
        references: the SOP Class and SOP Instance UIDs of the images.
        attempts: how often delivery of the report has failed.
    """

    id: int
    sender: str
    transaction_uid: str
    references: tuple[tuple[str, str], ...]
    attempts: int


class Commitments:
    """Operations on storage commitment requests."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def receive(self, sender: str, transaction_uid: str, references: list[tuple[str, str]]) -> None:
        """Add a request; a repeated one is answered again."""
        now = time.time()
        self._db.write(
            "INSERT INTO commitment (sender, transaction_uid, request, state, since, next_at) "
            "VALUES (?, ?, ?, 'pending', ?, ?) ON CONFLICT (sender, transaction_uid) DO UPDATE SET "
            "request = excluded.request, state = 'pending', attempts = 0, since = excluded.since, "
            "next_at = excluded.next_at",
            (sender, transaction_uid, json.dumps(references), now, now),
        )

    def due(self) -> Commitment | None:
        """The request to answer now; None if none is due."""
        found = self._db.row(
            "SELECT * FROM commitment WHERE state = 'pending' AND next_at <= ? ORDER BY next_at, id LIMIT 1",
            (time.time(),),
        )
        if found is None:
            return None
        references = tuple((sop_class, instance) for sop_class, instance in json.loads(found["request"]))
        return Commitment(found["id"], found["sender"], found["transaction_uid"], references, found["attempts"])

    def answered(self, commitment: Commitment) -> None:
        """Record that the sender confirmed the report; the content of the request is deleted."""
        self._db.write("UPDATE commitment SET state = 'answered', request = '[]' WHERE id = ?", (commitment.id,))

    def postpone(self, commitment: Commitment, retries: Retries) -> bool:
        """Record that the report could not be delivered. Returns False if it is given up."""
        now, attempts = time.time(), commitment.attempts + 1
        with self._db.transaction():
            (found,) = self._db.rows("SELECT since FROM commitment WHERE id = ?", (commitment.id,))
            given_up = now - found["since"] >= retries.give_up_s
            self._db.write(
                "UPDATE commitment SET attempts = ?, next_at = ?, state = ? WHERE id = ?",
                (attempts, now + retries.wait_s(attempts), "dead" if given_up else "pending", commitment.id),
            )
        return not given_up
