"""Studies and their images in the queue: what has arrived, when a study is complete, and what may be deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from sqlite3 import Row

from ichor.node.queue.database import Database


class StudyState(StrEnum):
    """The state of a study; a new or changed image leads back to RECEIVING from any state."""

    RECEIVING = "receiving"  # until no image has arrived for the quiet time
    WAITING = "waiting"
    ANALYSING = "analysing"
    DELIVERING = "delivering"
    DELIVERED = "delivered"  # to every destination
    UNDELIVERED = "undelivered"  # a delivery failed for so long that it was given up
    UNUSABLE = "unusable"  # it has no head CT that can be screened; the result says why
    FAILED = "failed"  # its analysis failed, and a person should look at it


# No more work is pending on these studies.
ENDED = (StudyState.DELIVERED, StudyState.UNDELIVERED, StudyState.UNUSABLE, StudyState.FAILED)


@dataclass(frozen=True, slots=True)
class Instance:
    """One received image in the queue, with hexadecimal digests in place of anything that identifies a patient.

    Attributes:
        study: the digest of the Study Instance UID.
        key: the digest of the SOP Instance UID.
        content: the digest of the file's content.
        sop_class: the SOP Class UID.
        n_bytes: the size of the file.
    """

    study: str
    key: str
    content: str
    sop_class: str
    n_bytes: int

    @property
    def file(self) -> str:
        """The name of its file, which depends on the content."""
        return image_name(self.key, self.content)


def image_name(key: str, content: str) -> str:
    """The name of an image's file, which depends on the content."""
    return f"{key[:24]}-{content[:16]}.dcm"


class Studies:
    """Operations on studies and images."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def is_held(self, one: Instance) -> bool:
        """Whether exactly this content was acknowledged and is still on disk."""
        known = self._known(one)
        return known is not None and bool(known["present"]) and known["content"] == one.content

    def receive(self, one: Instance, priority: int) -> bool:
        """Add an image whose file is on disk; after this it may be acknowledged. Returns whether it is new.

        A known image counts as new only if its content changed; otherwise its study is not analyzed again.
        """
        now = time.time()
        with self._db.transaction():
            known = self._known(one)
            if known is not None and known["content"] == one.content:
                self._db.write(
                    "UPDATE instance SET present = 1 WHERE study_id = ? AND key = ?", (known["study_id"], one.key)
                )
                self._wait_longer(known["study_id"], now)
                return False
            self._db.write(
                "INSERT INTO study (key, state, priority, revision, first_at, last_at, changed_at) "
                "VALUES (?, 'receiving', ?, 1, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET state = 'receiving', "
                "revision = revision + 1, priority = max(priority, excluded.priority), "
                "last_at = excluded.last_at, changed_at = excluded.changed_at",
                (one.study, priority, now, now, now),
            )
            self._db.write(
                "INSERT INTO instance (key, study_id, sop_class, content, n_bytes, received_at) "
                "SELECT ?, id, ?, ?, ?, ? FROM study WHERE key = ? ON CONFLICT (study_id, key) DO UPDATE SET "
                "sop_class = excluded.sop_class, content = excluded.content, n_bytes = excluded.n_bytes, present = 1, "
                "received_at = excluded.received_at",
                (one.key, one.sop_class, one.content, one.n_bytes, now, one.study),
            )
        return True

    def _known(self, one: Instance) -> Row | None:
        return self._db.row(
            "SELECT i.* FROM instance i JOIN study s ON s.id = i.study_id WHERE s.key = ? AND i.key = ?",
            (one.study, one.key),
        )

    def _wait_longer(self, study_id: int, now: float) -> None:
        """Restart the quiet time of a study that is being received, or whose deleted images are being sent again."""
        self._db.write(
            "UPDATE study SET last_at = ?, state = 'receiving' WHERE id = ? AND "
            "(state = 'receiving' OR (state = 'unusable' AND revision > analysed))",
            (now, study_id),
        )

    def complete_quiet(self, quiet_s: float) -> list[str]:
        """Queue the studies for analysis for which no image has arrived for this long; returns their keys.

        If the clock was set back, the difference counts as elapsed time.
        """
        return self._complete("abs(? - last_at) >= ?", (time.time(), quiet_s))

    def complete(self, study: str) -> list[str]:
        """Queue this study for analysis if it is still being received; returns its key."""
        return self._complete("key = ?", (study,))

    def complete_with(self, keys: set[str]) -> list[str]:
        """Queue the studies for analysis that are still being received and whose images all have these keys."""
        done = []
        for study in self._db.rows("SELECT id, key FROM study WHERE state = 'receiving'"):
            images = self._db.rows("SELECT key FROM instance WHERE study_id = ?", (study["id"],))
            if {one["key"] for one in images} <= keys:
                done += self.complete(study["key"])
        return done

    def _complete(self, which: str, values: Sequence[object]) -> list[str]:
        with self._db.transaction():
            found = self._db.rows(f"SELECT id, key FROM study WHERE state = 'receiving' AND {which}", values)  # noqa: S608
            for one in found:
                self._db.write(
                    "UPDATE study SET state = 'waiting', changed_at = ? WHERE id = ?", (time.time(), one["id"])
                )
        return [one["key"] for one in found]

    def restart_quiet_time(self) -> None:
        """When the node starts: restart the quiet time of all studies that are being received."""
        self._db.write("UPDATE study SET last_at = ? WHERE state = 'receiving'", (time.time(),))

    def files(self) -> dict[str, set[str]]:
        """The names of all images that should be on disk, by study."""
        found: dict[str, set[str]] = {}
        for one in self._db.rows(
            "SELECT s.key AS study, i.key, i.content FROM instance i JOIN study s ON s.id = i.study_id WHERE i.present"
        ):
            found.setdefault(one["study"], set()).add(image_name(one["key"], one["content"]))
        return found

    def files_of(self, study: str) -> set[str]:
        """The names of a study's images that should be on disk."""
        found = self._db.rows(
            "SELECT i.key, i.content FROM instance i JOIN study s ON s.id = i.study_id WHERE s.key = ? AND i.present",
            (study,),
        )
        return {image_name(one["key"], one["content"]) for one in found}

    def holds(self, key: str) -> str | None:
        """The SOP Class UID of an image, by its key, if it is on disk; otherwise None."""
        found = self._db.row("SELECT sop_class FROM instance WHERE key = ? AND present", (key,))
        return None if found is None else found["sop_class"]

    def deletable(self, keep_s: float) -> list[str]:
        """The studies with images on disk whose last change, delivery or new image, is at least this long ago."""
        states = (StudyState.DELIVERED, StudyState.UNUSABLE)
        found = self._db.rows(
            "SELECT key FROM study s WHERE state IN (?, ?) AND abs(? - changed_at) >= ? AND abs(? - last_at) >= ? AND "
            "EXISTS (SELECT 1 FROM instance WHERE study_id = s.id AND present)",
            (*states, time.time(), keep_s, time.time(), keep_s),
        )
        return [one["key"] for one in found]

    def mark_images_deleted(self, study: str) -> bool:
        """Record that a study's images are to be deleted. Returns False if an image has just arrived: keep them."""
        with self._db.transaction():
            found = self._db.row("SELECT id FROM study WHERE key = ? AND state IN ('delivered', 'unusable')", (study,))
            if found is None:
                return False
            self._db.write("UPDATE instance SET present = 0 WHERE study_id = ?", (found["id"],))
        return True

    def mark_image_missing(self, study: str, name: str) -> None:
        """Record that one image is not on disk, so that it is stored when it is sent again."""
        for one in self._db.rows(
            "SELECT i.* FROM instance i JOIN study s ON s.id = i.study_id WHERE s.key = ? AND i.present", (study,)
        ):
            if image_name(one["key"], one["content"]) == name:
                self._db.write(
                    "UPDATE instance SET present = 0 WHERE study_id = ? AND key = ?", (one["study_id"], one["key"])
                )

    def counts(self) -> dict[str, int]:
        """How many studies there are in each state."""
        found = self._db.rows("SELECT state, count(*) AS n FROM study GROUP BY state")
        return {one["state"]: one["n"] for one in found}

    def waiting_since(self) -> float | None:
        """When the last image arrived of the study that has waited longest for its analysis; None if none waits."""
        (found,) = self._db.rows("SELECT min(last_at) AS at FROM study WHERE state = 'waiting'")
        return None if found["at"] is None else float(found["at"])
