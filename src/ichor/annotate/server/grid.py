"""Scans and label maps as the page shows them: turned to the radiological convention by transposing and flipping.

The left of the image is the patient's right and the top is the front, however the file stored its rows and columns; the
project keeps the scan's own grid.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project import Project, ScanRecord
from ichor.annotate.project.runs import decode, encode
from ichor.annotate.server.voxels import encoded, shown_hu
from ichor.annotate.server.workers import Stopped
from ichor.orientation import RadiologicalAxes, radiological_axes
from ichor.scan import Scan

Pixel = TypeVar("Pixel", bound=np.generic)
# Scans in memory: the one being read and the previous one next to it, for two readers.
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
        """The rows and columns that the page shows."""
        return (self.columns, self.rows) if self.axes.transpose else (self.rows, self.columns)

    def shown_runs(self, runs: Sequence[int]) -> Sequence[int]:
        """The runs of the turned slice."""
        if self.axes == IDENTITY:
            return runs
        return encode(self.shown_slice(decode(runs, self.rows, self.columns)))

    def shown_slice(self, stored: NDArray[Pixel]) -> NDArray[Pixel]:
        """The turned slice, of (rows, columns) on the scan's own grid."""
        return np.ascontiguousarray(self._flip(stored.T if self.axes.transpose else stored))

    def stored_map(self, runs: Sequence[int]) -> NDArray[np.uint8]:
        """The label map, on the scan's own grid, for runs sent by the page. Raises ValueError if they do not fit."""
        shown = self._flip(decode(runs, *self.shown))
        return shown.T if self.axes.transpose else shown

    def shown_point(self, x: float, y: float) -> tuple[float, float]:
        """The position on the turned slice of a point (x, y) of the scan's own grid, to a hundredth of a pixel."""
        return self._flip_point(*((y, x) if self.axes.transpose else (x, y)))

    def stored_point(self, x: float, y: float) -> tuple[float, float]:
        """The inverse of `shown_point`."""
        x, y = self._flip_point(x, y)
        return (y, x) if self.axes.transpose else (x, y)

    def _flip_point(self, x: float, y: float) -> tuple[float, float]:
        rows, columns = self.shown
        x, y = columns - x if self.axes.flip_columns else x, rows - y if self.axes.flip_rows else y
        return round(x, 2), round(y, 2)

    def _flip(self, one: NDArray[Pixel]) -> NDArray[Pixel]:
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
        """Stop reading scans for requests."""
        self._closed.set()

    def scan(self, scan_id: int) -> Scan:
        """The scan as it was read. Reading takes time, so do not call this where saving would have to wait."""
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
        """The voxels of slices (ichor.annotate.server.voxels), in the order of `indices`.

        Raises Stopped if the server ends in the meantime.
        """
        scan, parts = self.scan(scan_id), []
        for k in indices:
            if self._closed.is_set():
                raise Stopped("the server is ending")
            parts.append(encoded(shown_hu(scan, k)))
        return b"".join(parts)
