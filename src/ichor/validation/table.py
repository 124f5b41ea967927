"""Reads the table of the truth, CSV or Parquet, as text: the names of the columns and the rows.

The delimiter (comma, semicolon, tab or bar) and the encoding are found out.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ichor.errors import BadConfig, UnreadableInput
from ichor.imports import require_extra

PARQUET = b"PAR1"
MOST_BYTES = 256 * 1024**2
_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text.

    Attributes:
        path: its file.
        sha256: of the file.
        columns: the names.
        rows: each with a cell for each column; empty rows are left out.
        numbers: the number of each row, as a spreadsheet shows it: the header is row 1.
    """

    path: Path
    sha256: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]


def read_table(path: Path) -> Table:
    """Read a CSV or Parquet file.

    Raises UnreadableInput, in one line, if it cannot be read, or has no rows, no header or two columns of one name.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise UnreadableInput(f"{path}: expected a table (CSV or Parquet), found {error.strerror}") from error
    if size > MOST_BYTES:
        raise UnreadableInput(f"{path}: expected a table of at most {MOST_BYTES >> 20} MB, found {size >> 20} MB")
    columns, rows = _parquet(path, content) if content.startswith(PARQUET) else _csv(path, content)
    columns = [name.strip() for name in columns]
    if not columns or not all(columns):
        raise UnreadableInput(f"{path}: expected a header with a name for each column, found a column without one")
    if repeated := {name for name in columns if columns.count(name) > 1}:
        raise UnreadableInput(f"{path}: expected each column once, found {sorted(repeated)[0]!r:.60} twice")
    kept = [(number, row) for number, row in rows if any(cell.strip() for cell in row)]
    if not kept:
        raise UnreadableInput(f"{path}: expected a row for each scan below the header, found none")
    return Table(
        path,
        sha256(content).hexdigest(),
        tuple(columns),
        tuple(tuple(cell.strip() for cell in row) for _, row in kept),
        tuple(number for number, _ in kept),
    )


Rows = list[tuple[int, list[str]]]


def _csv(path: Path, content: bytes) -> tuple[list[str], Rows]:
    text = _decoded(path, content).strip("\r\n")
    if not text:
        raise UnreadableInput(f"{path}: expected a table with a header, found an empty file")
    try:
        # A header may have line breaks within quotes: it is parsed with each delimiter, not searched.
        headers = {one: next(csv.reader(io.StringIO(text, newline=""), delimiter=one)) for one in _DELIMITERS}
        delimiter = max(_DELIMITERS, key=lambda one: len(headers[one]))
        names, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise UnreadableInput(f"{path}: expected CSV, found {error}") from error
    # Spreadsheets write empty columns to the right of the table, and leave out empty cells at the end of a row.
    width = max(len(_filled(row)) for row in (names, *rows))
    names = [*names, *[""] * width][:width]
    return names, [(number, [*_filled(row), *[""] * width][:width]) for number, row in enumerate(rows, 2)]


def _filled(row: list[str]) -> list[str]:
    """The row without the empty cells at its end."""
    last = max((k for k, cell in enumerate(row, 1) if cell.strip()), default=0)
    return row[:last]


def _decoded(path: Path, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    if b"\0" in content[:4096]:
        raise UnreadableInput(f"{path}: expected a table (CSV or Parquet), found a binary file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # as Excel for Windows writes CSV


def _parquet(path: Path, content: bytes) -> tuple[list[str], Rows]:
    require_extra("archive", "pyarrow", used_by="a table in Parquet", error=BadConfig)
    from pyarrow import ArrowException, BufferReader
    from pyarrow import parquet as reader

    try:
        found = reader.read_table(BufferReader(content))
    except (ArrowException, OSError, ValueError) as error:
        raise UnreadableInput(f"{path}: expected Parquet, found {' '.join(str(error).split())[:100]}") from error
    names = [str(name) for name in found.column_names]
    columns = [[_text(value) for value in found.column(k).to_pylist()] for k in range(len(names))]
    return names, [(number, list(row)) for number, row in enumerate(zip(*columns, strict=True), 2)]


def _text(value: Any) -> str:
    """A value of Parquet as CSV would have it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple, set)):
        return ", ".join(map(_text, value))
    return str(value)
