"""Joins the rows of a table with the scans, by names, paths or what the DICOM files say: study, accession, patient.

The column that names most scans is used. Numbers are compared without leading zeros where a scan is not found
otherwise, since spreadsheets remove them. If every row is found by the name or path of a scan, no DICOM file is opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ichor.errors import UnreadableInput
from ichor.read import ScanPath
from ichor.read.dicom.acquisition import Keys, keys_of
from ichor.screening.names import SUFFIXES, all_names, full_path
from ichor.validation.truth import Truth, TruthRow

_LISTED = 8  # in a message


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows with their scans, and those left over.

    Attributes:
        pairs: a row and its scan each, in the order of the table.
        by: how they were found, in words.
        rows: the rows without a scan.
        scans: the scans without a row.
    """

    pairs: tuple[tuple[TruthRow, ScanPath], ...]
    by: str
    rows: tuple[TruthRow, ...]
    scans: tuple[ScanPath, ...]


def join(truth: Truth, scans: Sequence[ScanPath], read_keys: Callable[[ScanPath], Keys] = keys_of) -> Joined:
    """Find the scan of each row. `read_keys` reads what the DICOM files of a scan say.

    Raises UnreadableInput if no row names a scan, if a row names several, or if several rows name one.
    """
    columns = list(dict.fromkeys(name for row in truth.rows for name in row.names))
    best: tuple[int, str, dict[int, list[ScanPath]]] = (0, "", {})
    for of_scan, what in ((_paths, "name or path"), (_said(read_keys), "what the DICOM files say")):
        known = _index(scans, of_scan)
        for column in columns:
            found = _found(truth, column, known)
            if len(found) > best[0]:
                best = (len(found), f"column {column} and the scans' {what}", found)
        if best[0] == len(truth.rows):
            break
    count, by, found = best
    if not count:
        raise UnreadableInput(
            f"{truth.table.path}: expected names of the {len(scans)} scans in {' or '.join(columns)[:100]}, found "
            f"none of their names, paths, study UIDs, accession numbers or patient IDs"
        )
    _require_one_to_one(truth, found)
    pairs = tuple((row, found[row.number][0]) for row in truth.rows if row.number in found)
    taken = {scan for _, scan in pairs}
    return Joined(
        pairs,
        by,
        tuple(row for row in truth.rows if row.number not in found),
        tuple(scan for scan in scans if scan not in taken),
    )


def require_all(joined: Joined, truth: Truth) -> None:
    """Raise UnreadableInput if a row or a scan was left over."""
    if joined.rows:
        numbers = _some(str(row.number) for row in joined.rows)
        raise UnreadableInput(
            f"{truth.table.path}: expected a scan for each of {len(truth.rows)} rows, found none for "
            f"{len(joined.rows)} (row {numbers}); --matched-only leaves them out"
        )
    if joined.scans:
        names = _some(all_names(scan)[0] for scan in joined.scans)
        raise UnreadableInput(
            f"{truth.table.path}: expected a row for each of {len(joined.scans) + len(joined.pairs)} scans, found none "
            f"for {len(joined.scans)} ({names}); --matched-only leaves them out"
        )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


Index = Mapping[str, list[ScanPath]]


def _index(scans: Sequence[ScanPath], of_scan: Callable[[ScanPath], Iterable[str]]) -> tuple[Index, Index]:
    """Scans by what names them, exactly and, in the second, with numbers without leading zeros."""
    exact, loose = defaultdict(list), defaultdict(list)
    for scan in scans:
        keys = {one for one in of_scan(scan) if one}
        for key in keys:
            exact[_exact(key)].append(scan)
        for key in {_loose(one) for one in keys}:
            loose[key].append(scan)
    return exact, loose


def _exact(name: str) -> str:
    return name.casefold().strip()


def _loose(name: str) -> str:
    """A name without leading zeros and without the suffix of a file."""
    return SUFFIXES.sub("", name.casefold().strip()).lstrip("0")


def _found(truth: Truth, column: str, known: tuple[Index, Index]) -> dict[int, list[ScanPath]]:
    """The scans that a column names, by the number of the row."""
    exact, loose = known
    found = {}
    for row in truth.rows:
        if not (name := row.names.get(column, "")):
            continue
        beside = full_path(ScanPath(truth.table.path.parent / name))  # a path relative to the table
        hits = exact.get(_exact(name)) or exact.get(_exact(beside)) or loose.get(_loose(name))
        if hits:
            found[row.number] = hits
    return found


def _paths(scan: ScanPath) -> list[str]:
    """Names of a scan from its path: all forms of its name, the path itself, its last part, with and without suffix."""
    whole = full_path(scan)
    last = scan.label.rsplit("/", 1)[-1] if scan.label else scan.path.name
    return [*all_names(scan)[:-1], whole, str(scan), last, SUFFIXES.sub("", last), scan.label]


def _said(read_keys: Callable[[ScanPath], Keys]) -> Callable[[ScanPath], list[str]]:
    def of_scan(scan: ScanPath) -> list[str]:
        keys = read_keys(scan)
        return [one for one in (keys.study_uid, keys.accession, keys.patient) if one]

    return of_scan


def _require_one_to_one(truth: Truth, found: Mapping[int, list[ScanPath]]) -> None:
    rows_of: dict[ScanPath, list[int]] = defaultdict(list)
    for number, scans in found.items():
        if len(scans) > 1:
            raise UnreadableInput(
                f"{truth.table.path}: expected one scan for row {number}, found {len(scans)} "
                f"({_some(all_names(one)[0] for one in scans)})"
            )
        rows_of[scans[0]].append(number)
    for scan, numbers in rows_of.items():
        if len(numbers) > 1:
            raise UnreadableInput(
                f"{truth.table.path}: expected one row for scan {all_names(scan)[0]}, found {len(numbers)} "
                f"(rows {_some(map(str, numbers))})"
            )
