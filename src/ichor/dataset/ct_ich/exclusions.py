"""Which subjects are excluded from all figures of overlap, and why.

The paper excludes one subject of ct-ich, 070, from Dice and Jaccard. It is recognized by its row of the demographics,
which both releases have: a subject of that number in another dataset of the same layout is somebody else. Such a
dataset lists its own exclusions in exclusions.csv at its root, with the columns subject and reason.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from ichor.dataset.ct_ich.tables import Subject
from ichor.errors import UnreadableInput
from ichor.subtypes import Subtype

FILE = "exclusions.csv"
COLUMNS = ["subject", "reason"]

CHRONIC = "its hemorrhage is chronic, and the paper excludes it too"


def exclusions(root: Path, people: Mapping[str, Subject]) -> dict[str, str]:
    """The reason for each excluded subject of the dataset at `root`, whose demographics are `people`.

    Raises UnreadableInput where exclusions.csv is not as it should be, or names a subject without demographics.
    """
    found = {number: CHRONIC for number, row in people.items() if is_chronic_subject(row)}
    file = root / FILE
    if file.is_file():
        found |= _listed(file, people)
    return dict(sorted(found.items()))


def is_chronic_subject(row: Subject) -> bool:
    """Whether this is the row of ct-ich's subject 070, whose hemorrhage is chronic and hypodense."""
    return (
        row.number == "070"
        and (row.age_years, row.sex, row.subtypes) == (5, "Male", frozenset({Subtype.EDH}))
        and row.condition.strip() == "Chronic Intracranial HGE"
    )


def write_exclusions(root: Path, excluded: Mapping[str, str]) -> None:
    """Write exclusions.csv into the dataset's folder."""
    with (root / FILE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *sorted(excluded.items())])


def _listed(file: Path, people: Mapping[str, Subject]) -> dict[str, str]:
    try:
        header, *rows = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
    except (OSError, ValueError, csv.Error) as error:
        found = getattr(error, "strerror", None) or error
        raise UnreadableInput(f"{file}: expected a table with {', '.join(COLUMNS)}, found {found}") from error
    if header != COLUMNS:
        raise UnreadableInput(f"{file}: expected columns {', '.join(COLUMNS)}, found {', '.join(header)}")
    listed: dict[str, str] = {}
    for line, row in enumerate(rows, 2):
        if len(row) != len(COLUMNS) or not row[1].strip():
            raise UnreadableInput(f"{file}: expected a subject and a reason in line {line}, found {','.join(row)!r}")
        number = row[0].strip().zfill(3)  # spreadsheets drop leading zeros
        if number not in people:
            raise UnreadableInput(f"{file}: expected a subject of the demographics in line {line}, found {row[0]!r}")
        if number in listed:
            raise UnreadableInput(f"{file}: expected each subject once, found {number} again in line {line}")
        listed[number] = row[1].strip()
    return listed
