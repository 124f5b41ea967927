"""Tables as CSV and objects as JSON, read strictly: an error is one line that names the file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ichor.errors import BadConfig

Row = dict[str, str]


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """A table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def read_table(file: Path, *columns: tuple[str, ...]) -> list[Row]:
    """Read a table that must have one of these sets of columns and no missing cells. Raises BadConfig otherwise."""
    try:
        header, *rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise BadConfig(f"{file}: expected a table with {', '.join(columns[0])}, found {_reason(error)}") from error
    if tuple(header) not in columns:
        raise BadConfig(f"{file}: expected columns {', '.join(columns[0])}, found {', '.join(header)}")
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise BadConfig(f"{file}: expected {len(header)} cells in line {number}, found {len(row)}")
    return [dict(zip(header, row, strict=True)) for row in rows]


def read_object(file: Path, what: str) -> dict[str, Any]:
    """Read the object in a JSON file, gzipped if its name ends in .gz. Raises BadConfig if there is none."""
    try:
        content = file.read_bytes()
        found = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BadConfig(f"{file}: expected {what}, found {_reason(error)}") from error
    if not isinstance(found, dict):
        raise BadConfig(f"{file}: expected {what}, found a {type(found).__name__}")
    return found


def _reason(error: Exception) -> str:
    """Why a file could not be read, without its path, which the message already names."""
    return str(getattr(error, "strerror", None) or error)
