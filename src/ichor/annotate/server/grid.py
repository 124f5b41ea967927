"""Scans and label maps as the page shows them: turned to the radiological convention, by whole axes.

The left of the image is the patient's right and the top is the front, however the file stored its rows and columns; the
project keeps the scan's own grid.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project import Project, ScanRecord
from ichor.annotate.project.runs import decode, encode
from ichor.annotate.server.voxels import encoded, shown_hu
from ichor.annotate.server.workers import Stopped
from ichor.orientation import RadiologicalAxes, radiological_axes
from ichor.scan import Scan

# Scans held in memory: the one that is read and the previous one beside it, for two readers.
HELD = 4
IDENTITY = RadiologicalAxes(transpose=False, flip_rows=False, flip_columns=False)


@dataclass(frozen=True)
class Grid:
    """How the slices of one scan, (rows, columns) in its file, are turned for the page."""

    axes: RadiologicalAxes
    rows: int
    columns: int

    @property
    def shown(self) -> tuple[int, int]:
        """The rows and columns that the page sees."""
        return (self.columns, self.rows) if self.axes.transpose else (self.rows, self.columns)

    def shown_runs(self, runs: Sequence[int]) -> Sequence[int]:
        """The runs of the turned slice."""
        if self.axes == IDENTITY:
            return runs
        stored = decode(runs, self.rows, self.columns)
        return encode(self._flip(stored.T if self.axes.transpose else stored))

    def stored_map(self, runs: Sequence[int]) -> NDArray[np.uint8]:
        """The label map on the scan's own grid of runs that the page sent. Raises ValueError if they do not fit."""
        shown = self._flip(decode(runs, *self.shown))
        return shown.T if self.axes.transpose else shown

    def _flip(self, one: NDArray[np.uint8]) -> NDArray[np.uint8]:
        rows, columns = (slice(None, None, -1 if flip else 1) for flip in self.axes[1:])
        return one[rows, columns]


class Grids:
    """The scans of a project and their grids; the last few scans are kept in memory."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._mutex = threading.Lock()
        self._closed = threading.Event()
        self._scans: OrderedDict[int, Scan] = OrderedDict()
        self._grids: dict[int, Grid] = {}

    def close(self) -> None:
        """Stop reading for requests."""
        self._closed.set()

    def scan(self, scan_id: int) -> Scan:
        """The scan as it was read. Reading takes time: call this only where saving does not wait."""
        with self._mutex:
            if scan_id in self._scans:
                self._scans.move_to_end(scan_id)
                return self._scans[scan_id]
        scan = self._project.scan(scan_id)
        with self._mutex:
            self._scans[scan_id] = scan
            while len(self._scans) > HELD:
                self._scans.popitem(last=False)
        return scan

    def grid(self, record: ScanRecord) -> Grid:
        """How the scan is turned, without reading its voxels."""
        if record.id not in self._grids:
            axes = radiological_axes(self._project.orientation(record.id))
            self._grids[record.id] = Grid(axes, record.rows, record.columns)
        return self._grids[record.id]

    def slices(self, scan_id: int, indices: Sequence[int]) -> bytes:
        """The voxels of slices (ichor.annotate.server.voxels), one after the other in the order of `indices`.

        Raises Stopped if the server ends meanwhile.
        """
        scan, parts = self.scan(scan_id), []
        for k in indices:
            if self._closed.is_set():
                raise Stopped("the server is ending")
            parts.append(encoded(shown_hu(scan, k)))
        return b"".join(parts)
