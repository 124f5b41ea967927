"""Resamples the scan, mask and labels of a case.

Cases have a known geometry in the radiological convention, and their labeled slices are those with a delineation, as
in ct-ich. Interpolation is linear: a voxel is hemorrhage if at least half of its weights come from hemorrhage, and a
slice has the subtypes of the slices that it is interpolated from, if any delineation is left on it. Outside of the
image there is air; the lowest and highest slices are repeated beyond the ends of the scan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from ichor.dataset.case import Case
from ichor.scan import FloatArray

AIR_HU = -1000.0
HALF = 0.5 - 1e-6  # tolerates rounding of sums

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


def hu_of(case: Case) -> Image:
    """(n, rows, columns) the voxels in HU."""
    return np.asarray(case.scan.hu, np.float32)


def pixel_mm_of(case: Case) -> tuple[float, float]:
    """The pixel size (between rows, between columns) in mm. Raises ValueError if it is unknown."""
    if case.scan.pixel_mm is None:
        raise ValueError(f"subject {case.subject}: expected a scan of known pixel size, found one without")
    row, column = np.median(case.scan.pixel_mm, axis=0)
    return float(row), float(column)


def slices_of(case: Case) -> tuple[FloatArray, FloatArray]:
    """(n,) the positions of the slices along their normal, and their heights, in mm.

    Raises ValueError if they are unknown.
    """
    along, heights = case.scan.slice_positions_mm, case.scan.slice_heights_mm
    if along is None or heights is None:
        raise ValueError(f"subject {case.subject}: expected slices of known position, found none")
    return along, heights


def in_plane(case: Case, matrix: FloatArray, offset: FloatArray) -> tuple[Image, Mask]:
    """HU and mask interpolated at `matrix @ (row, column) + offset` of each slice, in pixels."""

    def read(image: Image, outside: float) -> Image:
        return np.asarray(ndimage.affine_transform(image, matrix, offset, order=1, cval=outside))

    mask = np.zeros_like(case.mask)
    for k in np.flatnonzero(case.mask.any(axis=(1, 2))):
        mask[k] = read(case.mask[k].astype(np.float32), 0.0) >= HALF
    hu: Image = np.stack([read(one, AIR_HU) for one in hu_of(case)])
    return hu, mask


def regridded(case: Case, factor: float, offset: FloatArray) -> Case:
    """The case with pixels `factor` times as large, the first one at `offset` (row, column) in old pixels."""
    scan = case.scan
    assert scan.pixel_mm is not None and scan.positions_mm is not None
    moved_mm = offset * scan.pixel_mm
    return changed(
        case,
        *in_plane(case, np.diag([factor, factor]), offset),
        pixel_mm=factor * scan.pixel_mm,
        positions_mm=scan.positions_mm + np.einsum("na,nax->nx", moved_mm[:, ::-1], scan.orientation),
    )


def on_planes(case: Case, places_mm: FloatArray, rows: FloatArray) -> dict[str, Any]:
    """Interpolated `voxels`, `mask` and `comes_from` (see `changed`), as a dictionary.

    `places_mm` and `rows`, both (slices, rows), are the positions along the normal and the rows in the old image;
    columns stay the same. All columns are interpolated alike, so that one sparse matrix is enough.
    """
    n, n_rows, n_columns = case.mask.shape
    places = np.interp(places_mm, slices_of(case)[0], np.arange(n))
    below, front = np.floor(places).astype(np.intp), np.floor(rows).astype(np.intp)
    up, back = places - below, rows - front
    target = np.arange(rows.size).reshape(rows.shape)
    corners = []
    for slices, height in ((below, 1 - up), (np.minimum(below + 1, n - 1), up)):
        for line, depth in ((front, 1 - back), (front + 1, back)):
            inside = (line >= 0) & (line < n_rows)
            corners.append((target[inside], (slices * n_rows + line)[inside], (height * depth)[inside]))
    at, of, weights = (np.concatenate(parts) for parts in zip(*corners, strict=True))
    matrix = sparse.csr_array((weights.astype(np.float32), (at, of)), shape=(rows.size, n * n_rows))

    def read(values: NDArray[np.generic]) -> Image:
        return np.asarray(matrix @ values.reshape(n * n_rows, n_columns).astype(np.float32))

    air = np.float32(AIR_HU) * (1 - matrix.sum(axis=1))[:, None]
    mask = (read(case.mask) >= HALF).reshape(*rows.shape, n_columns)
    comes_from = np.zeros((len(rows), n), bool)
    slices, lines = np.nonzero(mask.any(axis=2))
    for nearest in (below, np.minimum(below + 1, n - 1)):
        comes_from[slices, nearest[slices, lines]] = True
    return {"voxels": (read(hu_of(case)) + air).reshape(mask.shape), "mask": mask, "comes_from": comes_from}


def changed(
    case: Case,
    voxels: NDArray[np.generic],
    mask: Mask | None = None,
    comes_from: Mask | None = None,
    **of_scan: Any,
) -> Case:
    """The case with other voxels, and optionally another mask and other attributes of the scan.

    Voxels are in HU unless a gray window is among `of_scan`. `comes_from` (new slices, old slices) tells which old
    slices each new one was interpolated from; None if the slices are the same.
    """
    mask = case.mask if mask is None else mask
    labels: Mask = case.labels if comes_from is None else np.asarray(comes_from @ case.labels)
    left = np.asarray(mask.any(axis=(1, 2)))
    scan = replace(case.scan, **{"voxels": voxels, "gray_window": None, **of_scan})
    return replace(case, scan=scan, delineation=mask, subtypes=labels & left[:, None])
