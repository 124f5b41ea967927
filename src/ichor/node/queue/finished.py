"""The retention rule in the queue: deletes all rows of finished studies, and requests that were answered."""

from __future__ import annotations

import time

from ichor.node.queue.analysis import result_name
from ichor.node.queue.database import Database

# Condition for a study `s`: nothing is left to deliver, and its images have been deleted.
_FINISHED = (
    "s.state IN ('delivered', 'unusable') "
    "AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.study_id = s.id AND i.present) "
    "AND NOT EXISTS (SELECT 1 FROM delivery d JOIN analysis a ON a.id = d.analysis_id "
    "WHERE a.study_id = s.id AND d.state IN ('pending', 'dead'))"
)


class Finished:
    """Studies that need no further work by the node or a person.

    A study is not finished if a destination lacks one of its results, or if its analysis failed.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def studies(self, keep_s: float) -> list[str]:
        """The finished studies that have not changed for this long."""
        found = self._db.rows(
            f"SELECT key FROM study s WHERE {_FINISHED} AND abs(? - changed_at) >= ? AND abs(? - last_at) >= ?",  # noqa: S608
            (time.time(), keep_s, time.time(), keep_s),
        )
        return [one["key"] for one in found]

    def results(self, study: str) -> list[str] | None:
        """The names of all results of a study; None if it is not, or no longer, finished."""
        found = self._db.row(f"SELECT id FROM study s WHERE key = ? AND {_FINISHED}", (study,))  # noqa: S608
        if found is None:
            return None
        numbers = self._db.rows("SELECT number FROM analysis WHERE study_id = ? ORDER BY number", (found["id"],))
        return [result_name(study, one["number"]) for one in numbers]

    def delete(self, study: str) -> None:
        """Delete all rows of a finished study. If it is sent again, it counts as new."""
        with self._db.transaction():
            found = self._db.row(f"SELECT id FROM study s WHERE key = ? AND {_FINISHED}", (study,))  # noqa: S608
            if found is None:
                return
            self._db.write(
                "DELETE FROM delivery WHERE analysis_id IN (SELECT id FROM analysis WHERE study_id = ?)", (found["id"],)
            )
            for table in ("analysis", "instance"):
                self._db.write(f"DELETE FROM {table} WHERE study_id = ?", (found["id"],))  # noqa: S608
            self._db.write("DELETE FROM study WHERE id = ?", (found["id"],))

    def delete_commitments(self, keep_s: float) -> None:
        """Delete requests of storage commitment that were answered or given up, once they are this old."""
        self._db.write(
            "DELETE FROM commitment WHERE state IN ('answered', 'dead') AND abs(? - since) >= ?", (time.time(), keep_s)
        )
