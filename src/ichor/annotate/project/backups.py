"""Backups of a project's database in its folder, made when it is opened or closed and intact; the last few are kept.

Each is a database itself: to restore one, copy it over the damaged database and remove the damaged one's write-ahead
log, which SQLite would otherwise apply (docs/how-to/annotate.md).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from ichor.annotate.project.soundness import fault_of_content, fault_of_file, fault_of_kind
from ichor.atomic import PRIVATE_FILE, make_folder, sync

BACKUPS, KEPT = "backups", 3
# The header of the file contains a counter that SQLite increments whenever it opens a database for writing.
HEAD_BYTES = 100


def keep_backup(connection: sqlite3.Connection, project: Path) -> None:
    """Copy the database as it is now, unless the newest backup is the same. Raises OSError, sqlite3.Error."""
    folder = project / BACKUPS
    make_folder(folder, private=True)
    partial = folder / ".partial"
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        with closing(sqlite3.connect(partial)) as copy:
            connection.backup(copy)
        earlier = backups(project)
        if earlier and _same(partial, earlier[0]):
            return
        partial.rename(_new_name(folder))
        sync(folder)
        for old in backups(project)[KEPT:]:
            old.unlink()
    finally:
        for left in folder.glob(".partial*"):
            left.unlink(missing_ok=True)


def backups(project: Path) -> list[Path]:
    """The backups of a project, newest first."""
    return sorted((project / BACKUPS).glob("project-*.sqlite"), reverse=True)


def way_back(project: Path) -> str:
    """How to continue with a project whose database is damaged, in a few words."""
    for one in backups(project):
        if (n := count_in(one, whole=True)) is not None:
            return (
                f"{BACKUPS}/{one.name} is intact and has {n} changes: to continue with it, move project.sqlite* aside "
                "and copy it to project.sqlite"
            )
    return "there is no intact backup"


def count_in(backup: Path, *, whole: bool = False) -> int | None:
    """The number of changes in a backup; None if it is not a database or, with `whole`, if any part is damaged."""
    with suppress(OSError, sqlite3.Error):
        if fault_of_file(backup) is None:
            with closing(sqlite3.connect(f"{backup.absolute().as_uri()}?immutable=1", uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                if fault_of_kind(connection) is None and not (whole and fault_of_content(connection)):
                    return count_changes(connection)
    return None


def count_changes(connection: sqlite3.Connection) -> int:
    """The length of the history."""
    return int(connection.execute("SELECT count(*) FROM change").fetchone()[0])


def _new_name(folder: Path) -> Path:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (folder / f"project-{now}-{number}.sqlite" for number in count(1))
    return next(one for one in names if not one.exists())


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        first.seek(HEAD_BYTES)
        second.seek(HEAD_BYTES)
        while block := first.read(2**20):
            if block != second.read(2**20):
                return False
    return True
