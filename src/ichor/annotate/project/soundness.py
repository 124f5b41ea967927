"""Integrity checks of a project's database: file, tables, pages, indices and the content of its rows.

All of them run whenever a project is opened. The scans' own files, which are large, are checked when they are read.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

from ichor.annotate.project.labels import from_json
from ichor.annotate.project.origins import parsed_origins
from ichor.annotate.project.records import Person, State
from ichor.annotate.project.runs import decode, drawn_labels
from ichor.annotate.project.schema import APPLICATION_ID, MIGRATIONS

MAGIC = b"SQLite format 3\0"
# The row with the highest revision is the current one; revisions have no gaps.
# Whole rows, since earlier versions have fewer columns.
LATEST = """SELECT change.*, max(revision), count(*) AS n, n_slices, rows, columns
    FROM change LEFT JOIN scan ON scan.id = scan_id GROUP BY scan_id, kind, layer, slice"""


def fault_of_file(file: Path) -> str | None:
    """What was found instead of a database, or None. (SQLite itself would treat an empty file as a new database.)"""
    if file.is_dir():
        return "a folder"
    with file.open("rb") as opened:
        head = opened.read(len(MAGIC))
    if not head:
        return "an empty file"
    if not head.strip(b"\0"):
        return "a file of zeros"
    return None if head == MAGIC else "another file"


def fault_of_kind(connection: sqlite3.Connection) -> str | None:
    """What a database is if this version of Ichor cannot open it as a project; otherwise None."""
    version, application = version_of(connection)
    if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        return "one without tables"
    if application != APPLICATION_ID:
        return "another program's"
    if not 1 <= version <= len(MIGRATIONS):
        return f"one of version {version}"
    if _shape(connection) != _shape_of(version):
        return f"one without all tables, columns and triggers of version {version}"
    return None


def version_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """The version of the schema, and the application ID."""
    version, application = (
        connection.execute(f"PRAGMA {one}").fetchone()[0] for one in ("user_version", "application_id")
    )
    return int(version), int(application)


def fault_of_content(connection: sqlite3.Connection) -> str | None:
    """The first damage found in a database of the right kind, or None."""
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        return " ".join(str(found).split())
    missing = connection.execute("PRAGMA foreign_key_check").fetchone()
    if missing is not None:
        return f"a row of {missing[0]} that does not belong to a scan"
    for row in connection.execute(LATEST):
        if fault := _fault_of_row(row):
            return f"{fault} in change {row['id']}"
    return None


def _fault_of_row(row: sqlite3.Row) -> str | None:
    try:
        if row["n"] != row["revision"]:
            return f"{row['n']} of {row['revision']} revisions"
        if not -1 <= row["slice"] < row["n_slices"]:
            return f"slice {row['slice']} of {row['n_slices']}"
        return _fault_of_payload(row)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return f"a damaged {row['kind']} ({type(error).__name__})"


def _fault_of_payload(row: sqlite3.Row) -> str | None:
    payload: Any = json.loads(row["payload"])
    if row["kind"] == "map":
        decode(payload, row["rows"], row["columns"])
        drawn = ",".join(map(str, sorted(drawn_labels(payload))))
        if drawn != row["drawn"]:
            return "other labels than are drawn"
        origins = parsed_origins(row["origins"]) if "origins" in tuple(row.keys()) else {}
        return None if not origins or set(origins) == drawn_labels(payload) else "origins of other labels"
    if row["kind"] == "labels":
        from_json(row["payload"])
    elif row["kind"] == "state" and payload not in get_args(State):
        return "no state of a reading"
    elif row["kind"] == "person":
        Person(**payload)
    return None


def _shape(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """The names of all tables, columns, indices and triggers."""
    names = connection.execute("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'").fetchall()
    columns = [
        ("column", name, column["name"])
        for kind, name in names
        if kind == "table"
        for column in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))
    ]
    return {tuple(one) for one in names} | set(columns)


def _shape_of(version: int) -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.row_factory = sqlite3.Row
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                fresh.execute(statement)
        return _shape(fresh)
