"""Studies and their images in the queue: what was received, when a study is complete, and what may be deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from sqlite3 import Row

from ichor.node.queue.database import Database


class StudyState(StrEnum):
    """Where a study is on its way; a new or changed image leads back to RECEIVING from everywhere."""

    RECEIVING = "receiving"  # until no image has arrived for the quiet time
    WAITING = "waiting"
    ANALYSING = "analysing"
    DELIVERING = "delivering"
    DELIVERED = "delivered"  # to every destination
    UNDELIVERED = "undelivered"  # a destination did not take it for so long that no further attempt is made
    UNUSABLE = "unusable"  # it has no head CT that can be screened; the result says why
    FAILED = "failed"  # its analysis failed, which a person should look at


# No more work is pending on these studies.
ENDED = (StudyState.DELIVERED, StudyState.UNDELIVERED, StudyState.UNUSABLE, StudyState.FAILED)


@dataclass(frozen=True, slots=True)
class Instance:
    """One received image, as the queue knows it: digests, hexadecimal, in place of what identifies a patient.

    Attributes:
        study: of the Study Instance UID.
        key: of the SOP Instance UID.
        content: of the file's content.
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
        """The name of its file; other content has another name."""
        return image_name(self.key, self.content)


def image_name(key: str, content: str) -> str:
    """The name of an image's file; other content has another name."""
    return f"{key[:24]}-{content[:16]}.dcm"


class Studies:
    """The changes of studies and images."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def is_held(self, one: Instance) -> bool:
        """Whether this very content is acknowledged and still on the disk."""
        known = self._known(one)
        return known is not None and bool(known["present"]) and known["content"] == one.content

    def receive(self, one: Instance, priority: int) -> bool:
        """Add an image whose file is on the disk; after this it may be acknowledged. Returns whether it is new.

        An image that is known is not new, unless its content changed: its study is not analysed again for it.
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
        """Count the quiet time anew for a study that is still received, or whose deleted images are sent again."""
        self._db.write(
            "UPDATE study SET last_at = ?, state = 'receiving' WHERE id = ? AND "
            "(state = 'receiving' OR (state = 'unusable' AND revision > analysed))",
            (now, study_id),
        )

    def complete_quiet(self, quiet_s: float) -> list[str]:
        """Make studies wait for analysis that no image has arrived of for so long; returns their keys.

        A clock that was set back counts as time that has passed.
        """
        return self._complete("abs(? - last_at) >= ?", (time.time(), quiet_s))

    def complete(self, study: str) -> list[str]:
        """Make this study wait for analysis, if it is still received; returns its key."""
        return self._complete("key = ?", (study,))

    def complete_with(self, keys: set[str]) -> list[str]:
        """Make the studies wait for analysis that are still received and of which all images have these keys."""
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

    def wait_anew(self) -> None:
        """At the start of the node: give the senders of studies that are being received the whole quiet time again."""
        self._db.write("UPDATE study SET last_at = ? WHERE state = 'receiving'", (time.time(),))

    def files(self) -> dict[str, set[str]]:
        """The names of all images that should be on the disk, by study."""
        found: dict[str, set[str]] = {}
        for one in self._db.rows(
            "SELECT s.key AS study, i.key, i.content FROM instance i JOIN study s ON s.id = i.study_id WHERE i.present"
        ):
            found.setdefault(one["study"], set()).add(image_name(one["key"], one["content"]))
        return found

    def files_of(self, study: str) -> set[str]:
        """The names of a study's images that should be on the disk."""
        found = self._db.rows(
            "SELECT i.key, i.content FROM instance i JOIN study s ON s.id = i.study_id WHERE s.key = ? AND i.present",
            (study,),
        )
        return {image_name(one["key"], one["content"]) for one in found}

    def holds(self, key: str) -> str | None:
        """The SOP Class UID of an image that is on the disk, by its key; None for any other."""
        found = self._db.row("SELECT sop_class FROM instance WHERE key = ? AND present", (key,))
        return None if found is None else found["sop_class"]

    def deletable(self, keep_s: float) -> list[str]:
        """The studies whose images are on the disk although nothing has been done for so long with their results."""
        states = (StudyState.DELIVERED, StudyState.UNUSABLE)
        found = self._db.rows(
            "SELECT key FROM study s WHERE state IN (?, ?) AND abs(? - changed_at) >= ? AND abs(? - last_at) >= ? AND "
            "EXISTS (SELECT 1 FROM instance WHERE study_id = s.id AND present)",
            (*states, time.time(), keep_s, time.time(), keep_s),
        )
        return [one["key"] for one in found]

    def forget_images(self, study: str) -> bool:
        """Note that a study's images are to be deleted; returns whether they may be: not if one has just arrived."""
        with self._db.transaction():
            found = self._db.row("SELECT id FROM study WHERE key = ? AND state IN ('delivered', 'unusable')", (study,))
            if found is None:
                return False
            self._db.write("UPDATE instance SET present = 0 WHERE study_id = ?", (found["id"],))
        return True

    def forget_image(self, study: str, name: str) -> None:
        """Note that one image is not on the disk, so that it is stored when it is sent again."""
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
