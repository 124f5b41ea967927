"""A scan whose midline is moved by a known distance inside a skull that stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.midline import inside_skull, slices_of_midline
from ichor.orientation import from_radiological, radiological_pixel_mm, to_radiological
from ichor.scan import FloatArray, Scan

PLATEAU = 0.25  # up to this share of the way from the midline to the skull, tissue moves with the midline
SPREAD = 0.35  # standard deviation over slices, as a share of their number


def with_shift(scan: Scan, mm: float) -> Scan:
    """The scan with its midline moved by `mm`, positive towards the patient's left.

    The shift is largest on the middle one of the slices that are looked at and halfway between front and back, and
    falls to 0 at the skull. Raises ValueError if the pixel size is unknown.
    """
    pixel_mm = radiological_pixel_mm(scan)
    if pixel_mm is None:
        raise ValueError("expected a scan of known pixel size, found one without")
    voxels = to_radiological(scan.voxels, scan).astype(np.float32)
    inside = inside_skull(scan)
    slices = slices_of_midline(inside)
    middle = slices[len(slices) // 2]
    moved = voxels.copy()
    for k in range(len(voxels)):
        here = mm * float(np.exp(-0.5 * ((k - middle) / (SPREAD * len(slices))) ** 2))
        moved[k] = _moved(voxels[k], inside[k], here / pixel_mm[k][1])
    return replace(scan, voxels=np.ascontiguousarray(from_radiological(moved.astype(scan.voxels.dtype), scan)))


def _moved(voxels: NDArray[np.float32], inside: NDArray[np.bool_], most_px: float) -> NDArray[np.float32]:
    held = np.flatnonzero(inside.any(axis=1))
    if held.size < 2:
        return voxels
    n_rows, n_columns = voxels.shape
    rows, columns = np.meshgrid(np.arange(n_rows), np.arange(n_columns), indexing="ij")
    along = np.clip((np.arange(n_rows) - held[0]) / (held[-1] - held[0]), 0, 1)[:, None]
    first = inside.argmax(axis=1)[:, None]
    last = n_columns - 1 - inside[:, ::-1].argmax(axis=1)[:, None]
    middle, half = (first + last) / 2, np.maximum((last - first) / 2, 1)

    def shift_px(column: FloatArray) -> FloatArray:
        to_skull = np.clip((np.abs(column - middle) / half - PLATEAU) / (1 - PLATEAU), 0, 1)
        return np.asarray(most_px * np.sin(np.pi * along) * (1 - to_skull**2 * (3 - 2 * to_skull)))

    source = columns.astype(np.float64)
    for _ in range(8):  # where the tissue of each place comes from: a contraction, so that repeating it converges
        source = columns - shift_px(source)
    return np.asarray(ndimage.map_coordinates(voxels, [rows, source], order=1, mode="nearest"))
