"""The scans and readers of a project."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project.changes import now
from ichor.annotate.project.database import Database
from ichor.annotate.project.probability_file import read_probability, write_probability
from ichor.annotate.project.records import CONSENSUS, NotInProject, ScanRecord
from ichor.annotate.project.scan_file import read_orientation, read_scan_and_hash, write_scan
from ichor.atomic import reporting_disk_errors
from ichor.errors import IchorError, OutputFailed, UnreadableInput
from ichor.scan import FloatArray, Scan

READER_NAME = re.compile(r"\w[\w .-]{0,39}")
# Words that have another meaning in place of a reader's name.
TAKEN_NAMES = frozenset({CONSENSUS, "mine", "machine", "union", "intersection", "majority", "staple"})


class Store:
    """The folder with its database and scan files; see `Project` for its use."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self.database = Database(folder, create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the database as a single file without a journal, so that the folder can be copied."""
        self.database.close()

    def transaction(self) -> AbstractContextManager[None]:
        """A block whose changes are made together or not at all, without changes by other threads in between."""
        return self.database.transaction()

    def add_scan(self, scan: Scan, subject: str, name: str) -> ScanRecord:
        """Copy the scan into the project. Raises OutputFailed if the disk is full."""
        with reporting_disk_errors(self.folder), self.database.transaction():
            scan_id = self.database.write(
                "INSERT INTO scan (subject, name, n_slices, rows, columns, source_path, added_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (subject, name, *scan.voxels.shape, str(scan.source.path.absolute()), now()),
            )
            sha256 = write_scan(scan, self.scan_file(scan_id))
            self.database.write("UPDATE scan SET sha256 = ? WHERE id = ?", (sha256, scan_id))
        return self.record(scan_id)

    def key(self) -> str:
        """The project's random, permanent key, which copies of the project share."""
        return str(self.database.rows("SELECT key FROM project")[0]["key"])

    def scans(self) -> list[ScanRecord]:
        """All scans in the order in which they were added."""
        return [ScanRecord(**row) for row in self.database.rows("SELECT * FROM scan ORDER BY id")]

    def record(self, scan_id: int) -> ScanRecord:
        """The project's record of a scan."""
        rows = self.database.rows("SELECT * FROM scan WHERE id = ?", (scan_id,))
        if not rows:
            raise NotInProject(f"expected a scan of the project, found number {scan_id}")
        return ScanRecord(**rows[0])

    def scan(self, scan_id: int) -> Scan:
        """The scan as it was read. Raises UnreadableInput if its file is damaged, or is not the one that was added."""
        record, file = self.record(scan_id), self.scan_file(scan_id)
        scan, sha256 = read_scan_and_hash(file)
        if scan.voxels.shape != (record.n_slices, record.rows, record.columns) or record.sha256 not in ("", sha256):
            raise UnreadableInput(f"{file}: expected the scan that was added, found a different or changed one")
        if not record.sha256:
            with suppress(OutputFailed):  # it is checked from the next time on
                self.database.write("UPDATE scan SET sha256 = ? WHERE id = ?", (sha256, scan_id))
        return scan

    def orientation(self, scan_id: int) -> FloatArray:
        """(n, 2, 3), `Scan.orientation` without reading the voxels. Raises UnreadableInput as `scan` does."""
        return read_orientation(self.scan_file(self.record(scan_id).id))

    def put_probability(self, scan_id: int, probability: NDArray[np.floating]) -> None:
        """Store the model's probabilities, (n, rows, columns) from 0 to 1 on the scan's own grid, to 8 bits.

        Raises ValueError for another shape, OutputFailed if the disk is full.
        """
        record = self.record(scan_id)
        shape = (record.n_slices, record.rows, record.columns)
        if probability.shape != shape:
            raise ValueError(f"expected probabilities of shape {shape}, found {probability.shape}")
        with reporting_disk_errors(self.folder):
            write_probability(probability, self._probability_file(scan_id))

    def has_probability(self, scan_id: int) -> bool:
        """Whether the model's probabilities of a scan are stored."""
        return self._probability_file(self.record(scan_id).id).exists()

    def probability(self, scan_id: int, index: int) -> NDArray[np.float32] | None:
        """(rows, columns) the model's probabilities of a slice, to 8 bits; None if they are not stored.

        Raises UnreadableInput if their file is damaged.
        """
        return read_probability(self._probability_file(self.record(scan_id).id), index)

    def readers(self) -> list[str]:
        """The readers' names in the order in which they joined."""
        return [row["name"] for row in self.database.rows("SELECT name FROM reader ORDER BY rowid")]

    def add_reader(self, name: str) -> str:
        """Add a reader, or find an existing one (ignoring case), and return the stored name."""
        if name not in self.readers():  # an earlier version may have accepted a name that is no longer accepted
            require_name(name)
        with self.database.transaction():
            self.database.write(
                "INSERT INTO reader (name, added_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, now())
            )
            (row,) = self.database.rows("SELECT name FROM reader WHERE name = ?", (name,))
        return str(row["name"])

    def require(self, scan_id: int, layer: str, index: int | None = None) -> ScanRecord:
        """The scan's record. Raises NotInProject if the project has no such scan, layer or slice."""
        record = self.record(scan_id)
        if layer != CONSENSUS and layer not in self.readers():
            raise NotInProject(f"expected a reader of the project or {CONSENSUS}, found {layer!r}")
        if index is not None and not 0 <= index < record.n_slices:
            raise NotInProject(f"expected a slice from 0 to {record.n_slices - 1}, found {index}")
        return record

    def scan_file(self, scan_id: int) -> Path:
        """The path of the scan's file, which `ichor.annotate.project.scan_file` reads."""
        return self.folder / "scans" / f"{scan_id}.npz"

    def _probability_file(self, scan_id: int) -> Path:
        return self.folder / "scans" / f"{scan_id}.probability.npz"


def require_name(name: str) -> None:
    """Raises IchorError for a name that is not allowed in a project."""
    if not READER_NAME.fullmatch(name) or name != name.strip() or name.lower() in TAKEN_NAMES:
        raise IchorError(
            f"expected a reader's name of up to 40 letters, digits, spaces, dots or dashes, found {name!r}"
        )
