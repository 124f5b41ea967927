"""The scans that a command is given: paths, addresses, and Parquet or CSV lists of both with additional columns."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ichor.archive.rows import RESULT_COLUMNS
from ichor.archive.store import File, files_at, is_address, join, read_file
from ichor.errors import UnreadableInput
from ichor.read.base import ScanPath
from ichor.screening.inputs import find_scans
from ichor.screening.job import Origin

if TYPE_CHECKING:
    import pyarrow

PATH = "path"
LISTS = (".parquet", ".csv")
# A file with such a name is a scan by itself; any other file is part of the scan that its folder holds.
SINGLE = re.compile(r"\.(nii(\.gz)?|nrrd|mha|zip|tar(\.(gz|bz2|xz))?|t(gz|bz2|xz))$", re.IGNORECASE)


@dataclass(slots=True)
class Listed:
    """The scans of a command.

    Attributes:
        scans: in order, without duplicates.
        origins: where those come from whose path only stands for an address.
        columns: further columns of lists, by name; the names and types of pyarrow.
        values: of these columns, for the scans that have any.
    """

    scans: list[ScanPath] = field(default_factory=list)
    origins: dict[Path, Origin] = field(default_factory=dict)
    columns: dict[str, pyarrow.Field] = field(default_factory=dict)
    values: dict[ScanPath, dict[str, Any]] = field(default_factory=dict)

    def add(self, scans: Iterable[ScanPath], values: dict[str, Any] | None = None) -> None:
        """Add scans that are not listed yet."""
        for scan in scans:
            if scan not in self._known:
                self._known[scan] = None
                self.scans.append(scan)
            if values:
                self.values.setdefault(scan, values)

    _known: dict[ScanPath, None] = field(default_factory=dict)


def is_list(text: str) -> bool:
    """Whether this is a list that `list_scans` reads, by its name."""
    return text.lower().endswith(LISTS)


def list_scans(inputs: Iterable[str], out: Path | None, series_uid: str | None) -> Listed:
    """Find all scans at the inputs; the local folder `out` is left out.

    An address in a list is one scan; an address given by itself may be a folder of them. Raises UnreadableInput for a
    list or an address that cannot be read.
    """
    listed = Listed()
    for one in inputs:
        if is_list(one):
            _add_list(listed, one, out, series_uid)
        elif is_address(one):
            for address in scans_below(one, files_at(one)):
                _add_address(listed, address)
        else:
            listed.add(find_scans([Path(one).absolute()], out, series_uid))
    return listed


def scans_below(address: str, files: list[File]) -> list[str]:
    """The addresses of the scans among the files at an address: single files, and folders of others."""
    if len(files) == 1 and address.rstrip("/").endswith(f"/{files[0].place}"):
        return [address]
    found: dict[str, None] = {}
    for file in files:
        folder, _, _ = file.place.rpartition("/")
        found[join(address, file.place) if SINGLE.search(file.place) else join(address, folder).rstrip("/")] = None
    return list(found)


def _add_address(listed: Listed, address: str, values: dict[str, Any] | None = None) -> None:
    origin = Origin(address)
    listed.origins[origin.path] = origin
    listed.add([ScanPath(origin.path)], values)


def _add_list(listed: Listed, place: str, out: Path | None, series_uid: str | None) -> None:
    table = _read(place)
    for column in table.schema:
        if column.name == PATH:
            continue
        if column.name in RESULT_COLUMNS:
            raise UnreadableInput(
                f"{place}: expected additional columns with names that the results do not use, found {column.name}"
            )
        if listed.columns.setdefault(column.name, column).type != column.type:
            raise UnreadableInput(
                f"{place}: expected column {column.name} to have the same type in all lists, found two"
            )
    seen: set[str] = set()
    for number, row in enumerate(table.to_pylist(), 1):
        path = row.pop(PATH)
        if not isinstance(path, str) or not path:
            raise UnreadableInput(f"{place}: expected a path in each row, found none in row {number}")
        if path in seen:
            raise UnreadableInput(f"{place}: expected each path once, found that of row {number} in an earlier row")
        seen.add(path)
        if is_address(path):
            _add_address(listed, path, row)
        elif is_address(place):
            raise UnreadableInput(
                f"{place}: expected addresses, since the list is at one, found a path in row {number}"
            )
        else:
            local = Path(place).absolute().parent / Path(path.replace("\0", "?"))
            listed.add(find_scans([local], out, series_uid), row)


def _read(place: str) -> pyarrow.Table:
    """The table of a list. Raises UnreadableInput unless it is one, with a column of paths and at least one row."""
    import pyarrow
    from pyarrow import csv, parquet

    try:
        content = read_file(place) if is_address(place) else Path(place).read_bytes()
    except OSError as error:
        raise UnreadableInput(f"{place}: expected a list of scans, found {error.strerror}") from error
    if content is None:
        raise UnreadableInput(f"{place}: expected a list of scans, found nothing there")
    kind = "Parquet" if place.lower().endswith(".parquet") else "CSV"
    try:
        if kind == "Parquet":
            table = parquet.read_table(io.BytesIO(content))
        else:
            paths = csv.ConvertOptions(column_types={PATH: pyarrow.string()}, strings_can_be_null=True)
            table = csv.read_csv(io.BytesIO(content), convert_options=paths)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{place}: expected a {kind} list, found something else") from error
    if table.column_names.count(PATH) != 1:
        raise UnreadableInput(f"{place}: expected a column {PATH}, found {', '.join(table.column_names) or 'none'}")
    if not table.num_rows:
        raise UnreadableInput(f"{place}: expected a row for each scan, found none")
    return table
