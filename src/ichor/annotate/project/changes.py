"""The history as rows: appending changes, and reading the latest ones."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from ichor.annotate.project.database import Database
from ichor.annotate.project.labels import from_json
from ichor.annotate.project.origins import earlier_origins, origins_text, parsed_origins, untouched
from ichor.annotate.project.records import Change, Kind, LayerState, Origins, SliceMap, StaleRevision, StatedLabels

# The slice number that stands for the scan itself.
WHOLE_SCAN = -1

# The latest row of each slice is found with the index alone, and only these rows are read.
# For maps stored by earlier versions, after_machine says whether an earlier revision of the slice was an AI outline.
LATEST = """SELECT slice, revision, payload, drawn, by_machine, origins,
    CASE WHEN origins = '' AND drawn <> '' THEN EXISTS (
        SELECT 1 FROM change earlier WHERE (scan_id, kind, layer) = (?1, ?2, ?3)
        AND earlier.slice = change.slice AND earlier.revision < change.revision AND by_machine
    ) ELSE 0 END AS after_machine FROM change
    JOIN (SELECT slice, max(revision) AS revision FROM change
          WHERE scan_id = ?1 AND kind = ?2 AND layer = ?3 AND (?4 IS NULL OR slice = ?4)
          GROUP BY slice) USING (slice, revision)
    WHERE scan_id = ?1 AND kind = ?2 AND layer = ?3"""


def now() -> str:
    """UTC in ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def layer_state(database: Database, scan_id: int, layer: str, only: int | None = None) -> LayerState:
    """A layer according to its latest changes; `only` restricts it to one slice."""
    with database.transaction():
        maps = database.rows(LATEST, (scan_id, "map", layer, only))
        stated = database.rows(LATEST, (scan_id, "labels", layer, only))
    return LayerState(
        maps={
            row["slice"]: SliceMap(
                revision=row["revision"],
                runs=tuple(json.loads(row["payload"])),
                drawn=labels_drawn(row["drawn"]),
                origins=_origins(row),
            )
            for row in maps
        },
        stated={
            None if row["slice"] == WHOLE_SCAN else row["slice"]: StatedLabels(
                from_json(row["payload"]), row["revision"]
            )
            for row in stated
        },
    )


def drawn_slices(database: Database, scan_id: int, layer: str) -> int:
    """The number of slices with a label other than 0."""
    return sum(bool(row["drawn"]) for row in database.rows(LATEST, (scan_id, "map", layer, None)))


def latest(database: Database, scan_id: int, kind: Kind, layer: str, index: int | None) -> tuple[int, str, str]:
    """The current revision, payload and origins; 0 and "" if nothing was ever stored."""
    rows = database.rows(
        "SELECT revision, payload, origins FROM change WHERE scan_id = ? AND kind = ? AND layer = ? AND slice = ? "
        "ORDER BY revision DESC LIMIT 1",
        (scan_id, kind, layer, WHOLE_SCAN if index is None else index),
    )
    return (rows[0]["revision"], rows[0]["payload"], rows[0]["origins"]) if rows else (0, "", "")


def append(
    database: Database,
    scan_id: int,
    kind: Kind,
    layer: str,
    index: int | None,
    payload: str,
    *,
    by: str,
    drawn: str = "",
    origins: Origins | None = None,
    base_revision: int | None = None,
) -> int:
    """Append a change and return its revision; if it changes nothing, no row is added.

    Raises StaleRevision if `base_revision` is given and is not the latest.
    """
    came_about = origins_text(origins or {})
    with database.transaction():
        revision, *before = latest(database, scan_id, kind, layer, index)
        if base_revision is not None and base_revision != revision:
            raise StaleRevision(base_revision, revision)
        if [payload, came_about] == before:
            return revision
        database.write(
            "INSERT INTO change (at, who, scan_id, layer, slice, kind, revision, payload, drawn, by_machine, origins) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(now(), by, scan_id, layer, WHOLE_SCAN if index is None else index),
                *(kind, revision + 1, payload, drawn, int(untouched(origins or {})), came_about),
            ),
        )
        return revision + 1


def history(database: Database, scan_id: int) -> list[Change]:
    """Every change of a scan, oldest first."""
    return [
        _change(row)
        for row in database.rows("SELECT *, 0 AS after_machine FROM change WHERE scan_id = ? ORDER BY id", (scan_id,))
    ]


def recent(database: Database, scan_id: int, layers: Sequence[str], most: int) -> list[Change]:
    """The latest changes of layers and of the subject, newest first; the payload of maps is left out."""
    rows = database.rows(
        "SELECT id, at, who, layer, slice, kind, revision, drawn, by_machine, origins, 0 AS after_machine, "
        "CASE kind WHEN 'map' THEN '' ELSE payload END AS payload FROM change "
        "WHERE scan_id = ? AND (kind = 'person' OR layer IN (SELECT value FROM json_each(?))) "
        "ORDER BY id DESC LIMIT ?",
        (scan_id, json.dumps(layers), most),
    )
    return [_change(row) for row in rows]


def _change(row: sqlite3.Row) -> Change:
    return Change(
        id=row["id"],
        at=row["at"],
        who=row["who"],
        layer=row["layer"],
        slice=None if row["slice"] == WHOLE_SCAN else row["slice"],
        kind=row["kind"],
        revision=row["revision"],
        payload=row["payload"],
        drawn=labels_drawn(row["drawn"]),
        origins=_origins(row),
    )


def _origins(row: sqlite3.Row) -> Origins:
    if row["origins"]:
        return parsed_origins(row["origins"])
    by_machine, after_machine = bool(row["by_machine"]), bool(row["after_machine"])
    return earlier_origins(labels_drawn(row["drawn"]), by_machine=by_machine, after_machine=after_machine)


def labels_drawn(text: str) -> frozenset[int]:
    """The labels in a map in the form stored in its row, for example "1,6"."""
    return frozenset(int(one) for one in text.split(",") if one)
