"""The positions in the patient of the voxels that a page shows, so that it can draw other planes to scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from ichor.orientation import radiological_axes, radiological_pixel_mm, to_radiological
from ichor.scan import FloatArray, Scan

# Assumed if the spacing is unknown; the page then says that nothing is to scale.
ASSUMED_PIXEL_MM, ASSUMED_SLICE_MM = 0.45, 5.0


def geometry(scan: Scan) -> dict[str, Any]:
    """The positions of a scan's voxels in the radiological convention: LPS in mm.

    `origins` are the centers of the slices' first pixels, `along_columns` and `along_rows` the unit vectors of
    increasing column and row, and `pixel_mm` the distances of rows and of columns. If `known` is false, the spacing is
    assumed.
    """
    n, rows, columns = to_radiological(scan.voxels, scan).shape
    pixel_mm, origins, directions = _placed(scan, rows, columns)
    return {
        "n": n,
        "rows": rows,
        "columns": columns,
        "known": scan.pixel_mm is not None and scan.positions_mm is not None,
        "pixel_mm": pixel_mm.tolist(),
        "origins": np.round(origins, 4).tolist(),
        "along_columns": directions[0].tolist(),
        "along_rows": directions[1].tolist(),
    }


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
