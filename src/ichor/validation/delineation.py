"""Reads a delineation from a NIfTI file onto the grid of a scan, whatever the order and direction of its axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import UnreadableInput
from ichor.formats.nifti_back import read_on_grid
from ichor.orientation import from_radiological, radiological_axes
from ichor.read.affine import axes_to_scan, geometry, reorient
from ichor.scan import FloatArray, Scan

TOLERANCE_MM = 1.0


def read_delineation(path: Path, scan: Scan) -> NDArray[np.bool_]:
    """(n, rows, columns) on the grid of `scan`: anything but 0 in the file is hemorrhage.

    The file has the scan's voxels, in any order and direction of its axes, as converters and drawing tools write them.
    If the spacing of the scan is unknown it must be in the order that Ichor writes. Raises UnreadableInput if it cannot
    be read, has another size or lies elsewhere.
    """
    from ichor.imports import nibabel

    if scan.pixel_mm is None or scan.positions_mm is None:
        return np.asarray(read_on_grid(path, scan) > 0)
    try:
        image: Any = nibabel().Nifti1Image.from_filename(path)
        to_ras, shape = np.asarray(image.affine, float), tuple(image.shape)
        if len(shape) != 3:
            raise UnreadableInput(f"{path}: expected a volume of 3 dimensions, found {len(shape)}")
        values = reorient(np.asarray(image.dataobj), axes_to_scan(to_ras))
    except UnreadableInput:
        raise
    except FileNotFoundError as error:
        raise UnreadableInput(f"{path}: expected a delineation (NIfTI), found no such file") from error
    except Exception as error:  # nibabel, gzip and zlib raise errors of many types
        raise UnreadableInput(f"{path}: expected a delineation (NIfTI), found {type(error).__name__}") from error
    n, rows, columns = scan.voxels.shape
    expected = (n, columns, rows) if radiological_axes(scan.orientation).transpose else (n, rows, columns)
    if values.shape != expected:
        raise UnreadableInput(f"{path}: expected the scan's size {expected}, found {values.shape}")
    _require_same_place(path, scan, _centres(to_ras, shape))
    return np.asarray(from_radiological(values > 0, scan))


def _centres(to_ras: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """(n, 3) the middle of each slice in LPS, mm."""
    first, second, third = shape
    pixel_mm, positions, orientation = geometry(to_ras, (first, second, third))
    rows, columns = _in_plane(to_ras, (first, second, third))
    along = orientation[0] * pixel_mm[1] * (columns - 1) / 2 + orientation[1] * pixel_mm[0] * (rows - 1) / 2
    return np.asarray(positions + along)


def _in_plane(to_ras: FloatArray, shape: tuple[int, int, int]) -> tuple[int, int]:
    """(rows, columns) of the file's slices."""
    axes = axes_to_scan(to_ras)[:, 0].astype(int)
    sizes = dict(zip(axes.tolist(), shape, strict=True))
    return sizes[1], sizes[0]


def _require_same_place(path: Path, scan: Scan, centres: FloatArray) -> None:
    assert scan.pixel_mm is not None and scan.positions_mm is not None
    _, rows, columns = scan.voxels.shape
    half = np.array([(rows - 1) / 2, (columns - 1) / 2]) * scan.pixel_mm
    own = scan.positions_mm + scan.orientation[:, 0] * half[:, 1:] + scan.orientation[:, 1] * half[:, :1]
    # NIfTI has one distance for all slices: where those of the scan differ, its slices lie off by as much.
    even = own[0] + np.arange(len(own))[:, None] * (own[-1] - own[0]) / max(1, len(own) - 1)
    allowed = TOLERANCE_MM + 2 * np.abs(own - even).max()
    apart = np.linalg.norm(own - centres, axis=1).max()
    if apart > allowed:
        raise UnreadableInput(
            f"{path}: expected a delineation at the position of the scan, found one that is {apart:.0f} mm away"
        )
