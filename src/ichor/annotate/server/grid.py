"""Scans and label maps as the page shows them: turned to the radiological convention, by whole axes.

The left of the image is the patient's right and the top is the front, however the file stored its rows and columns; the
project keeps the scan's own grid.
"""

from __future__ import annotations

import gzip
import io
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.project import Project, ScanRecord
from ichor.annotate.project.runs import decode, encode
from ichor.annotate.server.workers import Stopped
from ichor.orientation import RadiologicalAxes, radiological_axes, to_radiological
from ichor.scan import Scan

Pixel = TypeVar("Pixel", bound=np.generic)
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
        return encode(self.shown_slice(decode(runs, self.rows, self.columns)))

    def shown_slice(self, stored: NDArray[Pixel]) -> NDArray[Pixel]:
        """The turned slice, of (rows, columns) on the scan's own grid."""
        return np.ascontiguousarray(self._flip(stored.T if self.axes.transpose else stored))

    def stored_map(self, runs: Sequence[int]) -> NDArray[np.uint8]:
        """The label map on the scan's own grid of runs that the page sent. Raises ValueError if they do not fit."""
        shown = self._flip(decode(runs, *self.shown))
        return shown.T if self.axes.transpose else shown

    def shown_point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point (x, y) of the scan's own grid lies on the turned slice, to a hundredth of a pixel."""
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
    """The scans of a project and their grids, the last few scans held in memory."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._mutex = threading.Lock()
        self._closed = threading.Event()
        self._scans: OrderedDict[int, Scan] = OrderedDict()
        self._grids: dict[int, Grid] = {}

    def close(self) -> None:
        """Give up what is being made."""
        self._closed.set()

    def scan(self, scan_id: int) -> Scan:
        """The scan as it was read; do not call this where saving could wait for it."""
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
        """How the scan is turned; its voxels are not read for this."""
        if record.id not in self._grids:
            axes = radiological_axes(self._project.orientation(record.id))
            self._grids[record.id] = Grid(axes, record.rows, record.columns)
        return self._grids[record.id]

    def volume(self, scan_id: int) -> bytes:
        """`volume` of a scan. Raises Stopped if the server ends meanwhile."""
        content = io.BytesIO()
        with gzip.GzipFile(fileobj=content, mode="wb", compresslevel=1, mtime=0) as file:
            for part in volume(self.scan(scan_id)):
                if self._closed.is_set():
                    raise Stopped("the server is ending")
                file.write(part)
        return content.getvalue()


def volume(scan: Scan) -> Iterator[bytes]:
    """The turned scan as a NIfTI-1 file, in pieces: int16 HU to the nearest whole one, columns fastest.

    Zooms are the median ones in mm, 1 where unknown; the first voxel is the patient's right, front and lowest.
    """
    from nibabel.nifti1 import Nifti1Header

    from ichor.orientation import radiological_pixel_mm

    shown = to_radiological(scan.voxels, scan)
    pixel_mm, spacing = radiological_pixel_mm(scan), scan.spacing_mm
    row_mm, column_mm = (1.0, 1.0) if pixel_mm is None else np.median(pixel_mm, axis=0)
    header: Any = cast(Any, Nifti1Header)(endianness="<")
    header.set_data_dtype(np.dtype("<i2"))
    header.set_data_shape(shown.shape[::-1])
    header["vox_offset"] = 352
    header["scl_slope"], header["scl_inter"] = 1, 0
    header.set_sform(np.diag([-column_mm, -row_mm, 1.0 if spacing is None else spacing[2], 1.0]), code=1)
    header.set_zooms((column_mm, row_mm, 1.0 if spacing is None else spacing[2]))
    header["descrip"] = b"Ichor; research use only"
    yield header.binaryblock.ljust(352, b"\0")
    for one in shown:
        hu = one if scan.gray_window is None else scan.gray_window.hu(one)
        yield np.clip(np.rint(hu), -32768, 32767).astype("<i2").tobytes()
