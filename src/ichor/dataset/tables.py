"""CSV tables of datasets: rows by the names of their columns, with one-line errors."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ichor.errors import UnreadableInput

_FLAGS = {"1": True, "1.0": True, "True": True, "0": False, "0.0": False, "False": False}


def read_rows(file: Path, columns: Sequence[str], delimiter: str = ",") -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table, each with its line number and its cells by column, without spaces around them.

    Raises UnreadableInput if the file is not such a table, or one of `columns` is missing.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            reader = csv.DictReader(text, delimiter=delimiter)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise UnreadableInput(f"{file}: expected the columns {', '.join(columns)}, found no {missing[0]}")
            for row in reader:
                yield reader.line_num, {name: (cell or "").strip() for name, cell in row.items() if name is not None}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableInput(f"{file}: expected a table (CSV, UTF-8), found a problem: {error}") from error


def flag(file: Path, line: int, cells: dict[str, str], column: str) -> bool:
    """0 or 1 in a cell. Raises UnreadableInput for anything else."""
    if cells[column] not in _FLAGS:
        raise UnreadableInput(f"{file}: line {line}: expected 0 or 1 under {column}, found {cells[column]!r}")
    return _FLAGS[cells[column]]


def number(text: str) -> float | None:
    """The number in a cell; None if there is none."""
    try:
        return float(text)
    except ValueError:
        return None
