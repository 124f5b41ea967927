"""Which slices a reader has looked at, so that a slice without hemorrhage is told from one that nobody has seen."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ichor.annotate.project.changes import now
from ichor.annotate.project.database import Database


def add_looks(database: Database, scan_id: int, layer: str, reader: str, slices: Iterable[int]) -> None:
    """Note that the reader has looked at slices, working on a layer."""
    with database.transaction():
        for index in slices:
            database.write(
                "INSERT INTO looked VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (scan_id, layer, reader, index, now()),
            )


def looks(database: Database, scan_id: int, layers: Iterable[str]) -> frozenset[int]:
    """The slices that anybody has looked at, working on any of the layers."""
    rows = database.rows(
        "SELECT DISTINCT slice FROM looked WHERE scan_id = ? AND layer IN (SELECT value FROM json_each(?))",
        (scan_id, json.dumps(list(layers))),
    )
    return frozenset(row["slice"] for row in rows)


def finished_before_looks(database: Database, scan_id: int, layer: str) -> bool:
    """Whether a layer was finished with a version of Ichor that did not note what was looked at."""
    rows = database.rows(
        "SELECT 1 FROM project WHERE last_change_before_looks >= (SELECT CASE payload WHEN '\"done\"' THEN id END "
        "FROM change WHERE scan_id = ? AND layer = ? AND kind = 'state' ORDER BY id DESC LIMIT 1)",
        (scan_id, layer),
    )
    return bool(rows)
