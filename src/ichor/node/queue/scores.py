"""What results say over time: the last result of each study, for the comparison with the model's reference."""

from __future__ import annotations

from dataclasses import dataclass

from ichor.node.queue.database import Database


@dataclass(frozen=True, slots=True)
class Score:
    """The last result of one study.

    Attributes:
        ended_at: when it was made, in seconds since 1970.
        verdict: its tier.
        probability: that the scan shows hemorrhage.
        warnings: how many there are for the reader.
        decision: a person's: accept, reject or correct; None if there is none.
    """

    ended_at: float
    verdict: str
    probability: float
    warnings: int
    decision: str | None


class Scores:
    """Reads scores."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def since(self, seconds: float, method: str) -> tuple[list[Score], int]:
        """The scores since a time that a model package gave, the oldest first, and the number of other results.

        `method` is the hash of the package. A study counts once.
        """
        found = self._db.rows(
            "SELECT a.* FROM analysis a WHERE a.state = 'done' AND a.ended_at >= ? AND a.number = "
            "(SELECT max(number) FROM analysis b WHERE b.study_id = a.study_id AND b.state = 'done') "
            "ORDER BY a.ended_at, a.id",
            (seconds,),
        )
        scores = [
            Score(one["ended_at"], one["verdict"], one["probability"], one["warnings"], one["decision"])
            for one in found
            if one["method"] == method and one["probability"] is not None and one["warnings"] is not None
        ]
        return scores, len(found) - len(scores)
