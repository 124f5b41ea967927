"""The manifest and the table of results of an archive, two Parquet files next to the folders of the scans.

Both are derived from the folders: if a command is killed, they may be out of date, and the next command brings them up
to date. Commands that share a folder take turns, and each keeps the rows of the others.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ichor.archive.rows import (
    DONE,
    MANIFEST_COLUMNS,
    RESULT_COLUMNS,
    Row,
    manifest_row,
    queued_row,
    result_row,
    schema_of,
)
from ichor.archive.store import join, read_file, write_file
from ichor.atomic import reporting_disk_errors, write_whole
from ichor.errors import OutputFailed
from ichor.locks import one_at_a_time
from ichor.read.base import ScanPath
from ichor.screening.job import Job
from ichor.screening.out_folder import MANIFEST, RESULTS
from ichor.screening.outcome import Outcome

if TYPE_CHECKING:
    import pyarrow

EVERY_S, SHARE = 30.0, 20  # seconds between writes, which take at most 1/SHARE of the time


class Books:
    """The two tables of a folder of results, given by its path, or by its address in a store.

    `columns` are further columns of the results, and `values` what they hold for a scan. Everything raises OutputFailed
    if the tables cannot be read or written.
    """

    def __init__(self, out: Path | str, columns: list[pyarrow.Field], values: dict[ScanPath, Row]) -> None:
        self._out, self._values = out, values
        self._schemas = {MANIFEST: schema_of(MANIFEST_COLUMNS), RESULTS: schema_of(RESULT_COLUMNS, columns)}
        self._new: dict[str, list[Row]] = {MANIFEST: [], RESULTS: []}
        self._next = 0.0

    def taken(self) -> dict[str, str]:
        """The names in use, each with the hash of its scan's path."""
        table = self._read(MANIFEST)
        if table is None:
            return {}
        return dict(zip(table["scan"].to_pylist(), table["path_sha256"].to_pylist(), strict=True))

    def queue(self, jobs: Iterable[Job]) -> None:
        """Enter scans that wait, except those that are done with the same package: they will be checked.

        Raises OutputFailed, too, if the additional columns had other types before.
        """
        results = self._read(RESULTS)
        if results is not None:
            self._joined(RESULTS, results, self._schemas[RESULTS].empty_table())
        table, done = self._read(MANIFEST), set()
        if table is not None:
            columns = (table[name].to_pylist() for name in ("scan", "path_sha256", "package_sha256", "status"))
            done = {row[:3] for row in zip(*columns, strict=True) if row[3] == DONE}
        rows = map(queued_row, jobs)
        self._new[MANIFEST] = [
            row for row in rows if (row["scan"], row["path_sha256"], row["package_sha256"]) not in done
        ]
        self.write()

    def enter(self, outcome: Outcome) -> None:
        """Enter an outcome; the tables are written from time to time."""
        self._new[MANIFEST].append(manifest_row(outcome))
        row = result_row(outcome, self._values.get(outcome.job.scan, {}))
        if row is not None:
            self._new[RESULTS].append(row)
        if time.monotonic() >= self._next:
            self.write()

    def write(self) -> None:
        """Write what was entered since the last time."""
        begun = time.monotonic()
        for name, rows in self._new.items():
            if rows:
                self._write(name, rows)
                rows.clear()
        ended = time.monotonic()
        self._next = ended + max(EVERY_S, SHARE * (ended - begun))

    def _write(self, name: str, rows: list[Row]) -> None:
        import pyarrow
        from pyarrow import compute, parquet

        by_scan = {row["scan"]: row for row in rows}  # the last of each
        with self._alone(name):
            new = pyarrow.Table.from_pylist(list(by_scan.values()), schema=self._schemas[name])
            table = self._read(name)
            if table is not None:
                others = table.filter(compute.invert(compute.is_in(table["scan"], new["scan"])))
                new = self._joined(name, others, new)
            content = io.BytesIO()
            parquet.write_table(new.sort_by("scan"), content)
            if isinstance(self._out, str):
                write_file(join(self._out, name), content.getvalue())
            else:
                with reporting_disk_errors(self._out):
                    write_whole(self._out / name, content.getvalue(), private=True)

    def _joined(self, name: str, before: pyarrow.Table, new: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        try:
            return pyarrow.concat_tables([new, before], promote_options="permissive")
        except pyarrow.ArrowTypeError as error:
            raise OutputFailed(
                f"{self._place(name)}: expected additional columns of the same types as before, found other types"
            ) from error

    def _read(self, name: str) -> Any:
        """The table as it is; None if there is none."""
        import pyarrow
        from pyarrow import parquet

        place = self._place(name)
        content: bytes | None
        if isinstance(self._out, str):
            content = read_file(place)
        else:
            with reporting_disk_errors(self._out):
                content = Path(place).read_bytes() if Path(place).is_file() else None
        if content is None:
            return None
        try:
            table = parquet.read_table(io.BytesIO(content))
            table.select(["scan", *(["path_sha256", "package_sha256", "status"] if name == MANIFEST else [])])
        except (pyarrow.ArrowException, KeyError) as error:
            raise OutputFailed(f"{place}: expected a table that Ichor wrote, found something else") from error
        return table

    def _place(self, name: str) -> str:
        return join(self._out, name) if isinstance(self._out, str) else str(self._out / name)

    def _alone(self, name: str) -> Any:
        return nullcontext() if isinstance(self._out, str) else one_at_a_time(self._out / name)
