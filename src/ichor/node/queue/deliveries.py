"""Deliveries in the queue: which result goes where, when to retry, and which were given up."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ichor.node.queue.analysis import result_name
from ichor.node.queue.database import Database
from ichor.node.queue.retries import Retries


@dataclass(frozen=True, slots=True)
class Delivery:
    """One result on its way to one destination.

    Attributes:
        id: in the queue.
        study: the study's key.
        number: of the analysis.
        replaces: the name of the earlier result of the study that it replaces, or None.
        once: whether it is an alert, of which a study has one.
        destination: the name of the destination.
        state: pending, delivered, replaced (by a later result before it could be delivered) or dead.
        attempts: how many attempts have failed.
        reason: why the last attempt failed.
    """

    id: int
    study: str
    number: int
    replaces: str | None
    destination: str
    state: str
    attempts: int
    reason: str
    once: bool = False

    @property
    def name(self) -> str:
        """The name of the results folder."""
        return result_name(self.study, self.number)


_SELECT = (
    "SELECT d.*, a.number, a.replaces, s.key AS study FROM delivery d JOIN analysis a ON a.id = d.analysis_id "
    "JOIN study s ON s.id = a.study_id "
)


class Deliveries:
    """Operations on deliveries and on the states of their studies."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def due(self, destination: str) -> Delivery | None:
        """The delivery to attempt now for a destination, by priority and age; None if none is due."""
        found = self._db.row(
            _SELECT + "WHERE d.state = 'pending' AND d.destination = ? AND d.next_at <= ? "
            "ORDER BY s.priority DESC, d.since, d.id LIMIT 1",
            (destination, time.time()),
        )
        return None if found is None else _delivery(found)

    def delivered(self, delivery: Delivery) -> None:
        """Record that the destination confirmed all objects, or the message.

        If a later result replaced an alert while it was being sent, the study has alerted: the later alert is dropped.
        """
        with self._db.transaction():
            if delivery.once:
                self._db.write(
                    "UPDATE delivery SET state = 'replaced', ended_at = ? WHERE once AND state = 'pending' "
                    "AND destination = ? AND analysis_id IN "
                    "(SELECT a.id FROM analysis a JOIN study s ON s.id = a.study_id WHERE s.key = ?)",
                    (time.time(), delivery.destination, delivery.study),
                )
                self._db.write("UPDATE delivery SET state = 'pending' WHERE id = ?", (delivery.id,))
            self._end(delivery, "delivered", "")

    def postpone(self, delivery: Delivery, reason: str, retries: Retries) -> bool:
        """Record that an attempt failed; it is retried later. Returns False if the delivery is given up (dead)."""
        now, attempts = time.time(), delivery.attempts + 1
        with self._db.transaction():
            (since,) = self._db.rows("SELECT since FROM delivery WHERE id = ?", (delivery.id,))
            self._db.write("UPDATE delivery SET attempts = ?, reason = ? WHERE id = ?", (attempts, reason, delivery.id))
            if now - since["since"] >= retries.give_up_s:
                self._end(delivery, "dead", reason)
                return False
            self._db.write(
                "UPDATE delivery SET next_at = ? WHERE id = ?", (now + retries.wait_s(attempts), delivery.id)
            )
        return True

    def retry(self, number: int | None = None) -> int:
        """Retry a delivery that was given up, or all of them; returns how many."""
        now = time.time()
        with self._db.transaction():
            found = self._db.rows(
                "SELECT d.id, a.study_id FROM delivery d JOIN analysis a ON a.id = d.analysis_id "
                "WHERE d.state = 'dead' AND (? IS NULL OR d.id = ?)",
                (number, number),
            )
            for one in found:
                self._db.write(
                    "UPDATE delivery SET state = 'pending', since = ?, next_at = ?, ended_at = NULL WHERE id = ?",
                    (now, now, one["id"]),
                )
                self._db.write(
                    "UPDATE study SET state = 'delivering' WHERE id = ? AND state IN ('undelivered', 'delivered')",
                    (one["study_id"],),
                )
        return len(found)

    def give_up_unconfigured(self, destinations: list[str]) -> int:
        """When the node starts: give up pending deliveries to destinations that are no longer configured."""
        with self._db.transaction():
            unknown = [one for one in self.listed("pending") if one.destination not in destinations]
            for one in unknown:
                self._end(one, "dead", "the destination is no longer configured")
        return len(unknown)

    def counts(self) -> dict[tuple[str, str], int]:
        """How many deliveries to each destination are in each state: pending or dead."""
        found = self._db.rows(
            "SELECT destination, state, count(*) AS n FROM delivery WHERE state IN ('pending', 'dead') "
            "GROUP BY destination, state"
        )
        return {(one["destination"], one["state"]): one["n"] for one in found}

    def listed(self, *states: str) -> list[Delivery]:
        """All deliveries in these states, oldest first."""
        marks = ", ".join("?" * len(states))
        return [_delivery(one) for one in self._db.rows(f"{_SELECT} WHERE d.state IN ({marks}) ORDER BY d.id", states)]

    def _end(self, delivery: Delivery, state: str, reason: str) -> None:
        """End a delivery; if it was the last one of its study, the study's state changes, too."""
        now = time.time()
        self._db.write(
            "UPDATE delivery SET state = ?, reason = ?, ended_at = ? WHERE id = ? AND state = 'pending'",
            (state, reason, now, delivery.id),
        )
        # Not only those of its result: it may have been replaced while it was sent.
        (left,) = self._db.rows(
            "SELECT count(*) FILTER (WHERE d.state = 'pending') AS pending, "
            "count(*) FILTER (WHERE d.state = 'dead') AS dead FROM delivery d "
            "JOIN analysis a ON a.id = d.analysis_id JOIN study s ON s.id = a.study_id WHERE s.key = ?",
            (delivery.study,),
        )
        if not left["pending"]:
            self._db.write(
                "UPDATE study SET state = ?, changed_at = ? WHERE key = ? AND state = 'delivering'",
                ("undelivered" if left["dead"] else "delivered", now, delivery.study),
            )


def _delivery(row: object) -> Delivery:
    one = dict(row)  # type: ignore[call-overload]
    return Delivery(
        id=one["id"],
        study=one["study"],
        number=one["number"],
        replaces=None if one["replaces"] is None else result_name(one["study"], one["replaces"]),
        destination=one["destination"],
        state=one["state"],
        attempts=one["attempts"],
        reason=one["reason"],
        once=bool(one["once"]),
    )
