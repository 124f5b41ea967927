"""A case read at other places of its scan, mask and labels with it.

Cases are of known geometry and in the radiological convention, and their labelled slices are those with a delineation,
as in ct-ich. What is resampled is interpolated linearly: a voxel is hemorrhage where at least half of what it comes
from is, and a slice has the subtypes of the slices that it comes from, as long as any delineation is left on it. Beyond
the image's border is air; beyond the lowest and the highest slice nothing is known, and these go on there.
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
HALF = 0.5 - 1e-6  # of a voxel, however sums are rounded

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


def hu_of(case: Case) -> Image:
    """(n, rows, columns) HU."""
    return np.asarray(case.scan.hu, np.float32)


def pixel_mm_of(case: Case) -> tuple[float, float]:
    """(between rows, between columns). Raises ValueError if it is unknown, as does `slices_of`."""
    if case.scan.pixel_mm is None:
        raise ValueError(f"subject {case.subject}: expected a scan of known pixel size, found one without")
    row, column = np.median(case.scan.pixel_mm, axis=0)
    return float(row), float(column)


def slices_of(case: Case) -> tuple[FloatArray, FloatArray]:
    """(n,) where the slices lie along their normal and how high they are, mm."""
    along, heights = case.scan.slice_positions_mm, case.scan.slice_heights_mm
    if along is None or heights is None:
        raise ValueError(f"subject {case.subject}: expected slices of known position, found none")
    return along, heights


def in_plane(case: Case, matrix: FloatArray, offset: FloatArray) -> tuple[Image, Mask]:
    """HU and mask read at `matrix @ (row, column) + offset` of each slice, in pixels."""

    def read(image: Image, outside: float) -> Image:
        return np.asarray(ndimage.affine_transform(image, matrix, offset, order=1, cval=outside))

    mask = np.zeros_like(case.mask)
    for k in np.flatnonzero(case.mask.any(axis=(1, 2))):
        mask[k] = read(case.mask[k].astype(np.float32), 0.0) >= HALF
    hu: Image = np.stack([read(one, AIR_HU) for one in hu_of(case)])
    return hu, mask


def regridded(case: Case, factor: float, offset: FloatArray) -> Case:
    """The image on other pixels: `factor` times as large, the first at `offset` (row, column) of the old ones."""
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
    """HU, mask and what slices come from, read at a place along the normal and a row of the old image.

    Both are (slices, rows); columns stay. One sparse matrix does it, since all columns are read alike.
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
    """The case with other voxels, in HU unless a gray window is among what else is new of the scan.

    `mask` is the case's own if None; `comes_from` (new slices, old slices) says which slices are made of which, each of
    itself if None.
    """
    mask = case.mask if mask is None else mask
    labels: Mask = case.labels if comes_from is None else np.asarray(comes_from @ case.labels)
    left = np.asarray(mask.any(axis=(1, 2)))
    scan = replace(case.scan, **{"voxels": voxels, "gray_window": None, **of_scan})
    return replace(case, scan=scan, mask=mask, labels=labels & left[:, None])
