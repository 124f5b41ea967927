"""Conversion between a scan's rows and columns and the radiological convention.

In the radiological convention the left of the image is the patient's right and the top is anterior: the column index
increases towards the patient's left (+x in LPS), the row index towards posterior (+y). A scan keeps the rows and
columns of its files; scans of prone or feet-first patients, or stored transposed, are converted here and back by
transposing and flipping only, so nothing is resampled.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ichor.scan import FloatArray, Scan

Voxel = TypeVar("Voxel", bound=np.generic)


class RadiologicalAxes(NamedTuple):
    """The conversion to the radiological convention: first the transposition, then the flips."""

    transpose: bool
    flip_rows: bool
    flip_columns: bool


def radiological_axes(orientation: FloatArray) -> RadiologicalAxes:
    """The transposition and flips that bring slices closest to the radiological convention.

    `orientation` is `Scan.orientation`, (n, 2, 3), or that of one slice, (2, 3). The same conversion applies to the
    whole scan, so that neighboring slices stay aligned.
    """
    along_columns, along_rows = np.reshape(orientation, (-1, 2, 3)).mean(axis=0)
    kept = abs(along_columns[0]) + abs(along_rows[1])
    exchanged = abs(along_columns[1]) + abs(along_rows[0])
    transpose = bool(exchanged > kept)
    if transpose:
        along_columns, along_rows = along_rows, along_columns
    return RadiologicalAxes(transpose, bool(along_rows[1] < 0), bool(along_columns[0] < 0))


def to_radiological(array: NDArray[Voxel], scan: Scan) -> NDArray[Voxel]:
    """A view of `array`, (n, rows, columns) on the grid of `scan`, in the radiological convention."""
    axes = radiological_axes(scan.orientation)
    if axes.transpose:
        array = array.transpose(0, 2, 1)
    return _flipped(array, axes)


def from_radiological(array: NDArray[Voxel], scan: Scan) -> NDArray[Voxel]:
    """A view of `array`, (n, rows, columns) in the radiological convention, on the scan's own grid.

    The exact inverse of `to_radiological`.
    """
    axes = radiological_axes(scan.orientation)
    array = _flipped(array, axes)
    return array.transpose(0, 2, 1) if axes.transpose else array


def radiological_pixel_mm(scan: Scan) -> FloatArray | None:
    """(n, 2) the distance between rows and between columns after the conversion, mm; None if unknown.

    A transposition exchanges the two.
    """
    if scan.pixel_mm is None:
        return None
    return scan.pixel_mm[:, ::-1] if radiological_axes(scan.orientation).transpose else scan.pixel_mm


def _flipped(array: NDArray[Voxel], axes: RadiologicalAxes) -> NDArray[Voxel]:
    rows, columns = (slice(None, None, -1 if flip else 1) for flip in (axes.flip_rows, axes.flip_columns))
    return array[:, rows, columns]
