"""Which readers read which scan. A scan that is assigned to nobody is read by all readers.

A reader who has started a scan remains one of its readers, so that no reading is lost from view.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ichor.annotate.project.changes import now
from ichor.annotate.project.database import Database
from ichor.annotate.project.records import CONSENSUS, State
from ichor.errors import IchorError


class HasBegun(IchorError):
    """A scan would be taken from a reader who has started it."""


def assigned(database: Database) -> dict[int, list[str]]:
    """The readers of each assigned scan, in the order of assignment."""
    found: dict[int, list[str]] = {}
    for row in database.rows("SELECT scan_id, reader FROM assignment ORDER BY rowid"):
        found.setdefault(row["scan_id"], []).append(row["reader"])
    return found


def assign(database: Database, scan_id: int, readers: Collection[str], states: Mapping[str, State], *, by: str) -> None:
    """Assign a scan to exactly these readers; an empty list means all readers. `states` are those of all readers.

    Raises HasBegun if somebody else has started it.
    """
    if readers:
        for name, state in states.items():
            if name not in (*readers, CONSENSUS) and state != "new":
                raise HasBegun(
                    f"expected {name} among the readers of a scan that {name} has started, found only others"
                )
    with database.transaction():
        before = assigned(database).get(scan_id, [])
        for name in before:
            if name not in readers:
                database.write("DELETE FROM assignment WHERE scan_id = ? AND reader = ?", (scan_id, name))
        for name in readers:
            if name not in before:
                database.write("INSERT INTO assignment VALUES (?, ?, ?, ?)", (scan_id, name, by, now()))


def of_its_readers(states: Mapping[str, State], readers: Collection[str]) -> dict[str, State]:
    """The states of a scan's readers and consensus; `readers` are those to whom it is assigned."""
    if not readers:
        return dict(states)
    return {name: state for name, state in states.items() if name in readers or name == CONSENSUS or state != "new"}


def distribute(
    scan_ids: Sequence[int], readers: Sequence[str], each: int, load: Mapping[str, int]
) -> dict[int, list[str]]:
    """Assign `each` readers to every scan, always those with the fewest scans; `load` is how many they already have.

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
