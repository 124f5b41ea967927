"""Simulates a midline shift of known size inside an unchanged skull."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.symmetry import inside_skull, radiological_hu, slices_of_midline
from ichor.orientation import from_radiological, radiological_pixel_mm, to_radiological
from ichor.scan import FloatArray, Scan

PLATEAU = 0.25  # tissue up to this fraction of the distance from midline to skull moves with the midline
SPREAD = 0.35  # standard deviation over slices, as a fraction of their number


def with_shift(scan: Scan, mm: float) -> Scan:
    """The scan with its midline shifted by `mm`, positive towards the patient's left.

    The shift is largest halfway between front and back on the middle one of the measured slices, and falls to 0 at the
    skull. Raises ValueError if the pixel size is unknown.
    """
    pixel_mm = radiological_pixel_mm(scan)
    if pixel_mm is None:
        raise ValueError("expected a scan of known pixel size, found one without")
    voxels = to_radiological(scan.voxels, scan).astype(np.float32)
    inside = inside_skull(radiological_hu(scan))
    slices = slices_of_midline(inside)
    middle = slices[len(slices) // 2]
    shifted = voxels.copy()
    for k in range(len(voxels)):
        slice_mm = mm * float(np.exp(-0.5 * ((k - middle) / (SPREAD * len(slices))) ** 2))
        shifted[k] = _shifted(voxels[k], inside[k], slice_mm / pixel_mm[k][1])
    return replace(scan, voxels=np.ascontiguousarray(from_radiological(shifted.astype(scan.voxels.dtype), scan)))


def _shifted(voxels: NDArray[np.float32], inside: NDArray[np.bool_], max_px: float) -> NDArray[np.float32]:
    """One slice (rows, columns) with its midline shifted by up to `max_px` columns inside the skull."""
    inside_rows = np.flatnonzero(inside.any(axis=1))
    if inside_rows.size < 2:
        return voxels
    n_rows, n_columns = voxels.shape
    rows, columns = np.meshgrid(np.arange(n_rows), np.arange(n_columns), indexing="ij")
    along = np.clip((np.arange(n_rows) - inside_rows[0]) / (inside_rows[-1] - inside_rows[0]), 0, 1)[:, None]
    first = inside.argmax(axis=1)[:, None]
    last = n_columns - 1 - inside[:, ::-1].argmax(axis=1)[:, None]
    middle, half = (first + last) / 2, np.maximum((last - first) / 2, 1)

    def shift_px(column: FloatArray) -> FloatArray:
        to_skull = np.clip((np.abs(column - middle) / half - PLATEAU) / (1 - PLATEAU), 0, 1)
        return np.asarray(max_px * np.sin(np.pi * along) * (1 - to_skull**2 * (3 - 2 * to_skull)))

    source = columns.astype(np.float64)
    for _ in range(8):  # inverts the displacement by fixed-point iteration, which converges since it is a contraction
        source = columns - shift_px(source)
    return np.asarray(ndimage.map_coordinates(voxels, [rows, source], order=1, mode="nearest"))
