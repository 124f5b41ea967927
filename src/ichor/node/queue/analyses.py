"""Analyses in the queue: which study is next, and its outcome. Each revision of a study is analyzed once."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ichor.node.queue.analysis import Analysis, Problem, Summary, result_name
from ichor.node.queue.database import Database
from ichor.node.queue.outgoing import replace_deliveries
from ichor.node.queue.studies import image_name

MOST_DEATHS = 5  # of the worker process; then the analysis has failed
MOST_ATTEMPTS = 20  # that no result and no death of the worker ended: the study may be what kills the node


class Analyses:
    """Operations on analyses and on the states of their studies."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def next(self) -> Analysis | None:
        """Begin the next analysis, by priority, then by the time of the first image; None if no study waits.

        A study whose analysis has been interrupted several times comes after all others.
        """
        with self._db.transaction():
            study = self._db.row(
                "SELECT s.*, coalesce(a.attempts, 0) AS attempts, a.number AS number FROM study s "
                "LEFT JOIN analysis a ON a.study_id = s.id AND a.revision = s.revision "
                "WHERE s.state = 'waiting' AND NOT EXISTS "
                "(SELECT 1 FROM analysis r WHERE r.study_id = s.id AND r.state = 'running') "
                "ORDER BY coalesce(a.attempts, 0) > 1, s.priority DESC, s.first_at, s.id LIMIT 1"
            )
            return None if study is None else self._begun(study["id"], study["key"], study["revision"])

    def _begun(self, study_id: int, key: str, revision: int) -> Analysis:
        now = time.time()
        last = self._db.row(
            "SELECT max(number) AS number, max(number) FILTER (WHERE state = 'done') AS done FROM analysis "
            "WHERE study_id = ? AND revision < ?",
            (study_id, revision),
        )
        assert last is not None
        self._db.write(
            "UPDATE analysis SET state = 'abandoned', ended_at = ? "
            "WHERE study_id = ? AND revision < ? AND state = 'interrupted'",
            (now, study_id, revision),
        )
        self._db.write(
            "INSERT INTO analysis (study_id, number, revision, replaces, state, attempts, started_at) "
            "VALUES (?, ?, ?, ?, 'running', 1, ?) ON CONFLICT (study_id, revision) DO UPDATE SET state = 'running', "
            "attempts = attempts + 1, started_at = excluded.started_at, ended_at = NULL, reason = ''",
            (study_id, (last["number"] or 0) + 1, revision, last["done"], now),
        )
        self._db.write("UPDATE study SET state = 'analysing', changed_at = ? WHERE id = ?", (now, study_id))
        found = self._db.row("SELECT * FROM analysis WHERE study_id = ? AND revision = ?", (study_id, revision))
        assert found is not None
        images = self._db.rows(
            "SELECT key, content, present FROM instance WHERE study_id = ? ORDER BY key", (study_id,)
        )
        files = tuple(image_name(one["key"], one["content"]) for one in images if one["present"])
        missing = len(images) - len(files)
        (study,) = self._db.rows("SELECT last_at FROM study WHERE id = ?", (study_id,))
        return Analysis(found["id"], key, found["number"], found["replaces"], files, missing, study["last_at"])

    def done(
        self,
        analysis: Analysis,
        verdict: str,
        destinations: Sequence[str],
        alerts: Sequence[str] = (),
        method: str | None = None,
        summary: Summary | None = None,
    ) -> None:
        """Record that there is a result, and queue it for each destination in place of earlier ones.

        `alerts` names the destinations of alerts whose threshold it reaches; each gets one message per study.
        `method` is the hash of the model package.
        """
        with self._db.transaction():
            if not self._end(analysis, "done", "", verdict):
                return
            self._db.write("UPDATE analysis SET method = ? WHERE id = ?", (method, analysis.id))
            if summary is not None:
                self.summarize(analysis.id, summary)
            left = replace_deliveries(self._db, analysis.id, destinations, alerts)
            self._move(analysis, "delivering" if left else "delivered", analysed=True)

    def summarize(self, analysis_id: int, summary: Summary) -> None:
        """Record the summary of an analysis."""
        self._db.write(
            "UPDATE analysis SET probability = ?, volume_ml = ?, warnings = ? WHERE id = ?",
            (summary.probability, summary.volume_ml, summary.warnings, analysis_id),
        )

    def without_summary(self) -> list[tuple[int, str]]:
        """The id and the name of the result of each analysis from before there were summaries."""
        found = self._db.rows(
            "SELECT a.id, a.number, s.key FROM analysis a JOIN study s ON s.id = a.study_id "
            "WHERE a.state = 'done' AND a.warnings IS NULL ORDER BY a.id"
        )
        return [(one["id"], result_name(one["key"], one["number"])) for one in found]

    def unusable(self, analysis: Analysis, reason: str) -> bool:
        """Record that the study has no head CT that can be screened, and why. Returns whether it waits.

        If images were missing and all have arrived meanwhile, the study waits again instead.
        """
        with self._db.transaction():
            if analysis.missing and not self._missing(analysis.study):
                self._interrupt("id = ?", (analysis.id,))
                return True
            if self._end(analysis, "unusable", reason):
                self._move(analysis, "unusable", analysed=analysis.missing == 0)
            return False

    def _missing(self, study: str) -> int:
        """How many images of a study were deleted."""
        (found,) = self._db.rows(
            "SELECT count(*) AS n FROM instance i JOIN study s ON s.id = i.study_id WHERE s.key = ? AND i.present = 0",
            (study,),
        )
        return int(found["n"])

    def failed(self, analysis: Analysis, reason: str) -> None:
        """Record that the analysis failed, and why."""
        with self._db.transaction():
            if self._end(analysis, "failed", reason):
                self._move(analysis, "failed", analysed=True)

    def died(self, analysis: Analysis, reason: str) -> bool:
        """Record that the process died; the study waits again unless this was too often. Returns whether it waits."""
        with self._db.transaction():
            self._db.write("UPDATE analysis SET deaths = deaths + 1 WHERE id = ?", (analysis.id,))
            found = self._db.row("SELECT deaths FROM analysis WHERE id = ?", (analysis.id,))
            if found is None or found["deaths"] >= MOST_DEATHS:
                self.failed(analysis, reason)
                return False
            self._interrupt("id = ?", (analysis.id,))
        return True

    def postpone(self, analysis: Analysis) -> None:
        """Let the study wait again: its analysis could not be done for a reason outside the study.

        That is no attempt, however often it happens.
        """
        with self._db.transaction():
            self._db.write("UPDATE analysis SET attempts = attempts - 1 WHERE id = ?", (analysis.id,))
            self._interrupt("id = ?", (analysis.id,))

    def recover(self) -> int:
        """When the node starts: let studies whose analyses did not end wait again; returns how many."""
        with self._db.transaction():
            for one in self._db.rows(
                "SELECT a.*, s.key FROM analysis a JOIN study s ON s.id = a.study_id "
                "WHERE a.state = 'running' AND a.attempts >= ?",
                (MOST_ATTEMPTS,),
            ):
                analysis = Analysis(one["id"], one["key"], one["number"], one["replaces"], (), 0)
                self.failed(analysis, f"the node died {one['attempts']} times during its analysis")
            return self._interrupt("state = 'running'", ())

    def retry_failed(self, study: str | None = None) -> int:
        """Analyze failed studies again, or only this one; returns how many."""
        with self._db.transaction():
            found = self._db.rows(
                "SELECT id, revision FROM study WHERE state = 'failed' AND (? IS NULL OR key LIKE ? || '%')",
                (study, study),
            )
            for one in found:
                self._db.write(
                    "UPDATE study SET state = 'waiting', analysed = revision - 1, changed_at = ? WHERE id = ?",
                    (time.time(), one["id"]),
                )
                self._db.write(
                    "UPDATE analysis SET state = 'interrupted', attempts = 0, deaths = 0 "
                    "WHERE study_id = ? AND revision = ?",
                    (one["id"], one["revision"]),
                )
        return len(found)

    def running(self) -> int:
        """How many analyses are being made."""
        (found,) = self._db.rows("SELECT count(*) AS n FROM analysis WHERE state = 'running'")
        return int(found["n"])

    def problems(self) -> list[Problem]:
        """The studies whose last analysis produced no findings, oldest first."""
        found = self._db.rows(
            "SELECT s.key, s.state, a.number, a.reason FROM study s JOIN analysis a ON a.study_id = s.id "
            "AND a.revision = s.revision WHERE s.state IN ('unusable', 'failed') ORDER BY s.id"
        )
        return [
            Problem(one["key"], one["state"], result_name(one["key"], one["number"]), one["reason"]) for one in found
        ]

    def _interrupt(self, which: str, values: Sequence[object]) -> int:
        """Interrupt running analyses; their studies wait again unless a new image has arrived."""
        self._db.write(
            "UPDATE study SET state = 'waiting' WHERE state = 'analysing' AND id IN "  # noqa: S608
            f"(SELECT study_id FROM analysis WHERE {which} AND state = 'running')",
            values,
        )
        return self._db.write(f"UPDATE analysis SET state = 'interrupted' WHERE {which} AND state = 'running'", values)  # noqa: S608

    def _end(self, analysis: Analysis, state: str, reason: str, verdict: str | None = None) -> bool:
        """End a running analysis. Returns False if it is not running; its outcome must then be ignored."""
        changed = self._db.write(
            "UPDATE analysis SET state = ?, reason = ?, verdict = ?, ended_at = ? WHERE id = ? AND state = 'running'",
            (state, reason, verdict, time.time(), analysis.id),
        )
        return changed == 1

    def _move(self, analysis: Analysis, state: str, *, analysed: bool) -> None:
        """Set the study's new state, unless an image has since arrived that will lead to another analysis."""
        if analysed:
            self._db.write(
                "UPDATE study SET analysed = (SELECT revision FROM analysis WHERE id = ?) "
                "WHERE id = (SELECT study_id FROM analysis WHERE id = ?)",
                (analysis.id, analysis.id),
            )
        self._db.write(
            "UPDATE study SET state = ?, changed_at = ? WHERE key = ? AND state = 'analysing'",
            (state, time.time(), analysis.study),
        )
