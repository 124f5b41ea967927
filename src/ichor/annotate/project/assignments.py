"""Which readers read which scan. A scan that is assigned to nobody is read by all readers.

A reader who has begun a scan stays one of its readers, so that no reading is lost from sight.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ichor.annotate.project.changes import now
from ichor.annotate.project.database import Database
from ichor.annotate.project.records import CONSENSUS, State
from ichor.errors import IchorError


class HasBegun(IchorError):
    """A scan that would be taken from a reader who has begun it."""


def assigned(database: Database) -> dict[int, list[str]]:
    """The readers of each scan that is assigned to anybody, in the order of their assignment."""
    found: dict[int, list[str]] = {}
    for row in database.rows("SELECT scan_id, reader FROM assignment ORDER BY rowid"):
        found.setdefault(row["scan_id"], []).append(row["reader"])
    return found


def assign(database: Database, scan_id: int, readers: Collection[str], states: Mapping[str, State], *, by: str) -> None:
    """Have exactly these readers read a scan; nobody named: all readers. `states` are those of all readers.

    Raises HasBegun if somebody else has begun it.
    """
    if readers:
        for name, state in states.items():
            if name not in (*readers, CONSENSUS) and state != "new":
                raise HasBegun(f"expected {name} among the readers of a scan that {name} has begun, found others only")
    with database.transaction():
        before = assigned(database).get(scan_id, [])
        for name in before:
            if name not in readers:
                database.write("DELETE FROM assignment WHERE scan_id = ? AND reader = ?", (scan_id, name))
        for name in readers:
            if name not in before:
                database.write("INSERT INTO assignment VALUES (?, ?, ?, ?)", (scan_id, name, by, now()))


def of_its_readers(states: Mapping[str, State], readers: Collection[str]) -> dict[str, State]:
    """The states of the readers of a scan and of the consensus; `readers` are those whom it is assigned to."""
    if not readers:
        return dict(states)
    return {name: state for name, state in states.items() if name in readers or name == CONSENSUS or state != "new"}


def distribute(
    scan_ids: Sequence[int], readers: Sequence[str], each: int, load: Mapping[str, int]
) -> dict[int, list[str]]:
    """`each` readers for every scan, always those who have the fewest scans; `load` is how many they have before.

    Raises ValueError if there are fewer readers than that.
    """
    if not 1 <= each <= len(readers):
        raise ValueError(f"expected 1 to {len(readers)} readers for each scan, found {each}")
    has = {name: load.get(name, 0) for name in readers}
    found: dict[int, list[str]] = {}
    for scan_id in scan_ids:
        chosen = sorted(has, key=lambda name: has[name])[:each]
        for name in chosen:
            has[name] += 1
        found[scan_id] = [name for name in readers if name in chosen]
    return found
