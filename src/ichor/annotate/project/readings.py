"""The state of each reading, the time spent on it, and the person who was scanned."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ichor.annotate.project import changes
from ichor.annotate.project.database import Database
from ichor.annotate.project.labels import labels_of
from ichor.annotate.project.records import LayerState, Person, State

LATEST_STATES = """SELECT scan_id, layer, payload, max(revision) FROM change
    WHERE kind = 'state' GROUP BY scan_id, layer"""


def states(database: Database, scan_ids: Sequence[int], layers: Sequence[str]) -> dict[int, dict[str, State]]:
    """For each scan, the state of each layer; "new" if none was ever set."""
    result: dict[int, dict[str, State]] = {scan_id: dict.fromkeys(layers, "new") for scan_id in scan_ids}
    for row in database.rows(LATEST_STATES):
        result[row["scan_id"]][row["layer"]] = json.loads(row["payload"])
    return result


def set_state(database: Database, scan_id: int, layer: str, state: State, *, by: str) -> None:
    """Append a state if it differs from the current one."""
    changes.append(database, scan_id, "state", layer, None, json.dumps(state), by=by)


def begin(database: Database, scan_id: int, layer: str, *, by: str) -> None:
    """Mark a new reading as in progress, at its first change."""
    if changes.latest(database, scan_id, "state", layer, None)[1] in ("", json.dumps("new")):
        set_state(database, scan_id, layer, "in progress", by=by)


def seconds(database: Database, scan_id: int, reader: str) -> float:
    """The time spent, in seconds."""
    rows = database.rows("SELECT seconds FROM spent WHERE scan_id = ? AND reader = ?", (scan_id, reader))
    return float(rows[0]["seconds"]) if rows else 0.0


def seconds_of(database: Database, reader: str) -> float:
    """The time spent on all scans together, in seconds."""
    (row,) = database.rows("SELECT coalesce(sum(seconds), 0) AS seconds FROM spent WHERE reader = ?", (reader,))
    return float(row["seconds"])


def add_seconds(database: Database, scan_id: int, reader: str, more: float) -> float:
    """Add to the time spent and return the sum, in seconds."""
    with database.transaction():
        database.write(
            "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds",
            (scan_id, reader, float(more)),
        )
        return seconds(database, scan_id, reader)


def person(database: Database, subject: str) -> Person:
    """The person as last entered for any scan of the subject."""
    rows = database.rows(
        "SELECT payload FROM change JOIN scan ON scan.id = scan_id WHERE kind = 'person' AND subject = ? "
        "ORDER BY change.id DESC LIMIT 1",
        (subject,),
    )
    return Person(**json.loads(rows[0]["payload"])) if rows else Person()


def said(layer: LayerState, n_slices: int) -> tuple[object, ...]:
    """The regions and diagnoses of a layer, for comparison with another; without quality labels and notes."""
    regions = tuple(sorted((k, one.runs) for k, one in layer.maps.items() if one.drawn))
    labels = [labels_of(layer, index) for index in (None, *range(n_slices))]
    return regions, tuple((one.subtypes, one.fracture, one.no_hemorrhage) for one in labels)
