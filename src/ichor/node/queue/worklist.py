"""The studies in the queue as people see them: by urgency and waiting time, with results, decisions and deliveries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from sqlite3 import Row
from typing import Protocol

from ichor.node.queue.analysis import result_name
from ichor.node.queue.database import Database
from ichor.node.queue.studies import StudyState

# The study and its last result; `problem` is why its last analysis has none.
_SELECT = """
    SELECT s.*, a.id AS result, a.number, a.ended_at, a.verdict, a.probability, a.volume_ml, a.warnings, a.decision,
        a.decided_by, a.decided_at,
        (SELECT reason FROM analysis l WHERE l.study_id = s.id AND l.revision = s.revision) AS problem,
        (SELECT count(*) FROM instance i WHERE i.study_id = s.id) AS images,
        (SELECT count(*) FROM instance i WHERE i.study_id = s.id AND i.present) AS images_kept,
        (SELECT count(*) FROM delivery d WHERE d.analysis_id = a.id AND d.state = 'pending') AS pending,
        (SELECT count(*) FROM delivery d WHERE d.analysis_id = a.id AND d.state = 'pending' AND d.attempts) AS failing,
        (SELECT count(*) FROM delivery d WHERE d.analysis_id = a.id AND d.state = 'dead') AS dead
    FROM study s LEFT JOIN analysis a ON a.id = (
        SELECT id FROM analysis r WHERE r.study_id = s.id AND r.state = 'done' ORDER BY r.number DESC LIMIT 1)
"""
# What nobody has decided on comes first: suspected, possible, failed, not analyzed yet, unusable, no hemorrhage.
_URGENCY = """
    CASE WHEN a.decision IS NOT NULL THEN 6
        WHEN a.verdict = 'suspected' THEN 0
        WHEN a.verdict = 'possible' THEN 1
        WHEN s.state = 'failed' THEN 2
        WHEN a.id IS NULL AND s.state <> 'unusable' THEN 3
        WHEN a.id IS NULL THEN 4
        ELSE 5 END,
    round(coalesce(a.probability, 0), 2) DESC, coalesce(a.volume_ml, 0) DESC, s.priority DESC, s.first_at, s.id
"""
_BEGINS = "s.key BETWEEN ? AND ? || 'g'"  # after every hexadecimal digit; this uses the index, unlike LIKE
_DECIDED = "(? IS NULL OR (a.decision IS NOT NULL) = ?)"


class Order(StrEnum):
    """The order of the list."""

    URGENCY = "urgency"
    RECEIVED = "received"  # the last one first


class ScanDecision(Protocol):
    """A decision on a whole scan, as `ichor.view.decisions.Decided`."""

    @property
    def decision(self) -> str: ...  # noqa: D102

    @property
    def who(self) -> str: ...  # noqa: D102

    @property
    def when(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Direction:
    """What came of a request to analyze a study again.

    Attributes:
        done: whether it will be.
        why_not: in one line, if not.
    """

    done: bool
    why_not: str = ""


class Worklist:
    """Reads the list, and makes the changes that people ask for."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def listed(
        self,
        *,
        states: Sequence[StudyState] = (),
        decided: bool | None = None,
        order: Order = Order.URGENCY,
        limit: int = 100,
        offset: int = 0,
    ) -> tuple[list[Row], int]:
        """One page of the list, and how many studies there are on all pages.

        `states` and `decided` restrict it to those studies; without them, all are listed.
        """
        wanted = [one.value for one in states] or [one.value for one in StudyState]
        where = f"WHERE s.state IN ({', '.join('?' * len(wanted))}) AND {_DECIDED}"
        by = _URGENCY if order is Order.URGENCY else "s.first_at DESC, s.id DESC"
        values = [*wanted, decided, decided]
        rows = self._db.rows(f"{_SELECT} {where} ORDER BY {by} LIMIT ? OFFSET ?", [*values, limit, offset])
        (n,) = self._db.rows(f"SELECT count(*) AS n FROM ({_SELECT} {where})", values)  # noqa: S608
        return rows, n["n"]

    def find(self, digits: str) -> Row | None:
        """The study whose key begins with these 16 digits; None if there is none."""
        return self._db.row(f"{_SELECT} WHERE {_BEGINS}", (digits, digits))

    def analyses(self, study_id: int) -> list[Row]:
        """All analyses of a study, the first one first."""
        return self._db.rows("SELECT * FROM analysis WHERE study_id = ? ORDER BY number", (study_id,))

    def deliveries(self, study_id: int) -> list[Row]:
        """All deliveries of a study's results, the first one first."""
        return self._db.rows(
            "SELECT d.*, a.number FROM delivery d JOIN analysis a ON a.id = d.analysis_id WHERE a.study_id = ? "
            "ORDER BY d.id",
            (study_id,),
        )

    def result(self, analysis_id: int) -> tuple[str, str] | None:
        """The key of the study of a result, and the name of its folder; None if there is no such result."""
        found = self._db.row(
            "SELECT s.key, a.number FROM analysis a JOIN study s ON s.id = a.study_id "
            "WHERE a.id = ? AND a.state = 'done'",
            (analysis_id,),
        )
        return None if found is None else (found["key"], result_name(found["key"], found["number"]))

    def latest_results(self, n: int) -> list[int]:
        """The ids of the latest analyses with a result of studies whose images are kept, at most this many."""
        found = self._db.rows(
            "SELECT a.id FROM analysis a WHERE a.state = 'done' AND EXISTS "
            "(SELECT 1 FROM instance i WHERE i.study_id = a.study_id AND i.present) ORDER BY a.id DESC LIMIT ?",
            (n,),
        )
        return [one["id"] for one in found]

    def study_of_delivery(self, number: int) -> str | None:
        """The key of the study of a delivery; None if there is no such delivery."""
        found = self._db.row(
            "SELECT s.key FROM delivery d JOIN analysis a ON a.id = d.analysis_id JOIN study s ON s.id = a.study_id "
            "WHERE d.id = ?",
            (number,),
        )
        return None if found is None else found["key"]

    def decided(self, name: str, decision: ScanDecision | None) -> None:
        """Record somebody's decision on the result in the folder of this name; None withdraws it."""
        digits, _, number = name.rpartition("-")
        values = (None,) * 3 if decision is None else (decision.decision, decision.who, decision.when)
        self._db.write(
            "UPDATE analysis SET decision = ?, decided_by = ?, decided_at = ? WHERE number = ? AND study_id = "  # noqa: S608
            f"(SELECT id FROM study s WHERE {_BEGINS})",
            (*values, number, digits, digits),
        )

    def set_priority(self, study_id: int, priority: int) -> None:
        """Set the priority of a study: those with a higher one are analyzed first."""
        self._db.write("UPDATE study SET priority = ? WHERE id = ?", (priority, study_id))

    def analyze_again(self, study_id: int) -> Direction:
        """Make a study wait for another analysis, whose result replaces the earlier one."""
        with self._db.transaction():
            study = self._db.row("SELECT state FROM study WHERE id = ?", (study_id,))
            if study is None or study["state"] in ("receiving", "waiting", "analysing"):
                return Direction(done=False, why_not="the study has not been analyzed yet")
            if self._db.row("SELECT 1 FROM instance WHERE study_id = ? AND NOT present", (study_id,)):
                return Direction(done=False, why_not="its images were deleted: send the whole study again")
            self._db.write(
                "UPDATE study SET state = 'waiting', revision = revision + 1, changed_at = ? WHERE id = ?",
                (time.time(), study_id),
            )
        return Direction(done=True)
