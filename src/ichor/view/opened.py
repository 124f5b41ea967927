"""A result with its scan and mask in memory, turned to the radiological convention as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.errors import UnreadableInput
from ichor.formats.nifti_back import read_on_grid
from ichor.orientation import radiological_axes, radiological_pixel_mm, to_radiological
from ichor.read import ScanPath
from ichor.scan import FloatArray, Scan
from ichor.view.place import scan_of
from ichor.view.results import Listed
from ichor.write.nifti import MASK, PROBABILITY

OTHERS = 255  # of the lesions that findings do not list
# Where spacing is unknown; the page then says that nothing is to scale.
ASSUMED_PIXEL_MM, ASSUMED_SLICE_MM = 0.45, 5.0


@dataclass(frozen=True, eq=False)
class Opened:
    """A result that is shown.

    Attributes:
        listed: the result.
        scan: as it was read again.
        labels: (n, rows, columns) uint8 in the radiological convention: 0 where nothing is marked, else the subtype's
            number, or 1 from a method without subtypes; None where the result has no mask.
    """

    listed: Listed
    scan: Scan
    labels: NDArray[np.uint8] | None

    @cached_property
    def lesion_of(self) -> NDArray[np.uint8] | None:
        """The number of each voxel's lesion in the order of the findings, from 1; `OTHERS` for those not listed."""
        if self.labels is None or self.listed.findings is None:
            return None
        numbers, count = ndimage.label(self.labels, structure=np.ones((3, 3, 3)))
        names = np.full(count + 1, OTHERS, np.uint8)
        names[0] = 0
        left = list(range(1, count + 1))
        sizes = np.bincount(numbers.ravel(), minlength=count + 1)
        spans = [(one[0].start, one[0].stop - 1) for one in ndimage.find_objects(numbers)]
        # By their sizes and slices, not by their order: earlier versions listed lesions in another one.
        for number, lesion in enumerate(self.listed.findings.hemorrhage.lesions, 1):
            same = (k for k in left if (sizes[k], spans[k - 1]) == (lesion.volume_px, lesion.slices))
            if (found := next(same, None)) is None:
                file = self.listed.folder / MASK
                raise UnreadableInput(f"{file}: expected the mask of these findings, found lesions of other sizes")
            left.remove(found)
            names[found] = number
        return np.asarray(names[numbers])

    @property
    def has_probability(self) -> bool:
        """Whether the result keeps the voxels' probabilities."""
        return (self.listed.folder / PROBABILITY).is_file()

    def hu(self, low: int = -32768, high: int = 32767) -> NDArray[np.int16]:
        """(n, rows, columns) whole HU in the radiological convention, clipped to the bounds."""
        whole = np.rint(to_radiological(np.asarray(self.scan.hu), self.scan))
        return np.asarray(np.clip(whole, low, high), "<i2")

    def probability(self) -> NDArray[np.uint8] | None:
        """(n, rows, columns) the voxels' probabilities in steps of 1/255; None where the result does not keep them."""
        if not self.has_probability:
            return None
        values = to_radiological(read_on_grid(self.listed.folder / PROBABILITY, self.scan), self.scan)
        return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)

    def geometry(self) -> dict[str, Any]:
        """Where the shown voxels are: LPS in mm, so that other planes are drawn true.

        `origins` are the centres of the slices' first pixels, `along_columns` and `along_rows` the directions of a
        growing column and row, of length 1, and `pixel_mm` the distances of rows and of columns. Where `known` is
        false the spacing is assumed.
        """
        n, rows, columns = to_radiological(self.scan.voxels, self.scan).shape
        pixel_mm, origins, directions = _placed(self.scan, rows, columns)
        return {
            "n": n,
            "rows": rows,
            "columns": columns,
            "known": self.scan.pixel_mm is not None and self.scan.positions_mm is not None,
            "pixel_mm": pixel_mm.tolist(),
            "origins": np.round(origins, 4).tolist(),
            "along_columns": directions[0].tolist(),
            "along_rows": directions[1].tolist(),
        }


def open_result(listed: Listed, given: Sequence[ScanPath]) -> Opened:
    """Read the scan and mask of a result again; `given` are scans that the user says are there.

    Raises UnreadableInput where that is not possible.
    """
    if listed.findings is None:
        raise UnreadableInput(listed.reason)
    scan = scan_of(listed.findings, given)
    file = listed.folder / MASK
    if not file.is_file():
        return Opened(listed, scan, None)
    labels = read_on_grid(file, scan)
    if labels.min() < 0 or labels.max() > 5:
        raise UnreadableInput(f"{file}: expected labels from 0 to 5, found {labels.min():g} to {labels.max():g}")
    return Opened(listed, scan, np.ascontiguousarray(to_radiological(labels.astype(np.uint8), scan)))


def _placed(scan: Scan, rows: int, columns: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pixel size (2,), origins (n, 3) and directions (2, 3) of the slices in the radiological convention."""
    axes = radiological_axes(scan.orientation)
    along_columns, along_rows = scan.orientation[0]
    if axes.transpose:
        along_columns, along_rows = along_rows, along_columns
    spacing = radiological_pixel_mm(scan)
    if spacing is not None and scan.positions_mm is not None:
        pixel_mm, origins = np.median(spacing, axis=0), scan.positions_mm
    else:
        pixel_mm = np.full(2, ASSUMED_PIXEL_MM)
        origins = np.arange(scan.n_slices)[:, None] * ASSUMED_SLICE_MM * scan.normal
    # A flip puts the last row or column first.
    if axes.flip_rows:
        origins, along_rows = origins + along_rows * pixel_mm[0] * (rows - 1), -along_rows
    if axes.flip_columns:
        origins, along_columns = origins + along_columns * pixel_mm[1] * (columns - 1), -along_columns
    return pixel_mm, origins, np.array([along_columns, along_rows])
