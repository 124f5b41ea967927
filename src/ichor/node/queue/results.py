"""The results in the queue that are current: of each study the one that no later result replaces."""

from __future__ import annotations

from dataclasses import dataclass

from ichor.node.queue.analysis import result_name
from ichor.node.queue.database import Database


@dataclass(frozen=True, slots=True)
class CurrentResult:
    """The current result of a study.

    Attributes:
        study: the study's key.
        number: of the analysis.
        replaces: the name of the earlier result that it replaces, or None.
        made_at: when it was made, in seconds since 1970.
    """

    study: str
    number: int
    replaces: str | None
    made_at: float

    @property
    def name(self) -> str:
        """The name of the folder with the result."""
        return result_name(self.study, self.number)


class Results:
    """Queries of current results."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def current(self, study: str | None = None) -> list[CurrentResult]:
        """The current results of all studies, or of this one, the newest first."""
        found = self._db.rows(
            "SELECT s.key, a.number, a.replaces, a.ended_at FROM analysis a JOIN study s ON s.id = a.study_id "
            "WHERE a.state = 'done' AND (? IS NULL OR s.key = ?) AND NOT EXISTS (SELECT 1 FROM analysis later "
            "WHERE later.study_id = a.study_id AND later.number > a.number AND later.state = 'done') "
            "ORDER BY a.ended_at DESC, a.id DESC",
            (study, study),
        )
        return [_current(**dict(one)) for one in found]


def _current(key: str, number: int, replaces: int | None, ended_at: float) -> CurrentResult:
    return CurrentResult(key, number, None if replaces is None else result_name(key, replaces), ended_at)
