"""Which slices a reader has viewed, so that negative and unread slices can be distinguished."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ichor.annotate.project.changes import now
from ichor.annotate.project.database import Database


def add_looks(database: Database, scan_id: int, layer: str, reader: str, slices: Iterable[int]) -> None:
    """Record that the reader viewed slices while working on a layer."""
    with database.transaction():
        for index in slices:
            database.write(
                "INSERT INTO looked VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (scan_id, layer, reader, index, now()),
            )


def looks(database: Database, scan_id: int, layers: Iterable[str]) -> frozenset[int]:
    """The slices that were viewed by anyone working on one of the layers."""
    rows = database.rows(
        "SELECT DISTINCT slice FROM looked WHERE scan_id = ? AND layer IN (SELECT value FROM json_each(?))",
        (scan_id, json.dumps(list(layers))),
    )
    return frozenset(row["slice"] for row in rows)


def finished_before_looks(database: Database, scan_id: int, layer: str) -> bool:
    """Whether a layer was finished with a version of Ichor that did not record which slices were viewed."""
    rows = database.rows(
        "SELECT 1 FROM project WHERE last_change_before_looks >= (SELECT CASE payload WHEN '\"done\"' THEN id END "
        "FROM change WHERE scan_id = ? AND layer = ? AND kind = 'state' ORDER BY id DESC LIMIT 1)",
        (scan_id, layer),
    )
    return bool(rows)
