"""The two tables of ct-ich: their rows, and the lines that are invalid.

Release 1.0.0: hemorrhage_diagnosis.csv, patient_demographics.csv. Release 1.3.1: hemorrhage_diagnosis_raw_ct.csv,
Patient_demographics.csv. They contain the same information under different headers, which may begin with a byte-order
mark, contain line breaks, or have words before a name or units after it.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from ichor.errors import UnreadableInput
from ichor.subtypes import Subtype

_FLAGS = {"1": True, "1.0": True, "0": False, "0.0": False, "": False}


@dataclass(frozen=True, slots=True)
class SliceRow:
    """The radiologists' labels of one slice; `number` starts at 1 for the lowest slice."""

    subject: str
    number: int
    subtypes: frozenset[Subtype]
    no_hemorrhage: bool
    fracture: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """One row of the demographics: age in years; sex, condition and note as written; subtypes and fracture."""

    number: str
    age_years: float
    sex: str
    subtypes: frozenset[Subtype]
    fracture: bool
    condition: str
    note: str


Row = TypeVar("Row", SliceRow, Subject)


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """The valid rows, and a message for each invalid one: file, line, expected and found."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]


def read_slice_table(file: Path) -> Table[SliceRow]:
    """A row for each slice. Raises UnreadableInput if the file is not text or a column is missing."""
    names = ("patientnumber", "slicenumber", *_SUBTYPE_COLUMNS, "nohemorrhage", "fracture")

    def row(cells: dict[str, str]) -> SliceRow:
        return SliceRow(
            subject=_subject_number(cells["patientnumber"]),
            number=_whole(cells["slicenumber"], "a slice number from 1", lowest=1),
            subtypes=_subtypes(cells),
            no_hemorrhage=_flag(cells, "nohemorrhage"),
            fracture=_flag(cells, "fracture"),
        )

    return _read(file, names, row, key=lambda row: f"slice {row.number} of subject {row.subject}")


def read_demographics(file: Path) -> Table[Subject]:
    """A row for each subject. Raises UnreadableInput if the file is not text or a column is missing."""
    names = ("patientnumber", "age", "gender", *_SUBTYPE_COLUMNS, "fracture", "condition", "note")

    def row(cells: dict[str, str]) -> Subject:
        return Subject(
            number=_subject_number(cells["patientnumber"]),
            age_years=_age_years(cells["age"]),
            sex=cells["gender"],
            subtypes=_subtypes(cells),
            fracture=_flag(cells, "fracture"),
            condition=cells["condition"],
            note=cells["note"],
        )

    return _read(file, names, row, key=lambda row: f"subject {row.number}")


class _BadCell(ValueError):
    """A cell with an invalid value; the message states what was expected and what was found."""


def _read(
    file: Path, names: Sequence[str], parse: Callable[[dict[str, str]], Row], key: Callable[[Row], str]
) -> Table[Row]:
    rows: dict[str, Row] = {}
    problems = []
    lines = _lines(file)
    _, header = next(lines, (0, []))
    columns = [_column(file, header, name) for name in names]
    for line, values in lines:
        cells = {
            name: values[column].strip() if column < len(values) else ""
            for name, column in zip(names, columns, strict=True)
        }
        if not cells["patientnumber"]:
            continue  # spreadsheets leave empty rows at the end
        try:
            row = parse(cells)
            if key(row) in rows:
                raise _BadCell(f"expected one row of {key(row)}, found another")
        except _BadCell as bad:
            problems.append(f"{file}: line {line}: {bad}")
        else:
            rows[key(row)] = row
    return Table(tuple(rows.values()), tuple(problems))


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The table's lines, each with the line number at which it ends in the file."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            reader = csv.reader(text)
            for cells in reader:
                yield reader.line_num, cells
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableInput(f"{file}: expected a table (CSV, UTF-8), found a problem: {error}") from error


def _column(file: Path, header: Sequence[str], name: str) -> int:
    """The index of the column whose header is `name`, or begins or ends with it, ignoring case, spaces and signs."""
    titles = ["".join(c for c in title.lower() if c.isalnum()) for title in header]
    for fits in (str.__eq__, str.startswith, str.endswith):
        for column, title in enumerate(titles):
            if fits(title, name):
                return column
    found = ", ".join(titles) if any(titles) else "no header"
    raise UnreadableInput(f"{file}: expected a column named like {name!r}, found {found}")


_SUBTYPE_COLUMNS = {subtype.label.lower(): subtype for subtype in Subtype}


def _subtypes(cells: dict[str, str]) -> frozenset[Subtype]:
    return frozenset(subtype for name, subtype in _SUBTYPE_COLUMNS.items() if _flag(cells, name))


def _flag(cells: dict[str, str], name: str) -> bool:
    if cells[name] not in _FLAGS:
        raise _BadCell(f"expected 0 or 1 under {name!r}, found {cells[name]!r}")
    return _FLAGS[cells[name]]


def _subject_number(cell: str) -> str:
    return f"{_whole(cell, 'the number of a subject', lowest=0):03d}"


def _whole(cell: str, what: str, lowest: int) -> int:
    """The integer in a cell; spreadsheets write some as 49.0."""
    number = _number(cell)
    if not number.is_integer() or number < lowest:
        raise _BadCell(f"expected {what}, found {cell!r}")
    return int(number)


def _age_years(cell: str) -> float:
    age = _number(cell)
    if not 0 <= age < math.inf:
        raise _BadCell(f"expected an age in years, found {cell!r}")
    return age


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
