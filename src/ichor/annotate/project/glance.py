"""What commands read from a project that a server has open."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ichor.annotate.project.database import DATABASE, LOCK, only_one
from ichor.errors import UnreadableInput


def reader_names(folder: Path) -> list[str]:
    """The readers of a project in the order in which they joined. Raises UnreadableInput if there is no project."""
    file = folder / DATABASE
    if not file.is_file():
        raise UnreadableInput(f"{folder}: expected an annotation project ({DATABASE}), found none")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return [str(name) for (name,) in connection.execute("SELECT name FROM reader ORDER BY rowid")]
    except sqlite3.Error as error:
        raise UnreadableInput(f"{file}: expected the database of a project, found: {error}") from error


def is_open(folder: Path) -> bool:
    """Whether another process has the project open; never true on Windows, which has no such locks."""
    try:
        only_one(folder / LOCK, folder).close()
    except UnreadableInput:
        return True
    return False
