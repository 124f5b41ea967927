"""A network's field of view: slices resampled to the pixel size it was trained at, centered on the head, and back.

Resampling is separable and linear, so each direction is one small matrix: the resampled slice is
`rows @ slice @ columns.T`. The matrices are sparse, since most weights are zero: dense ones would take as long as the
network in int8. Downsampling averages over the larger pixel (a triangle filter as wide as the new pixel), which avoids
aliasing; upsampling is bilinear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ichor.anatomy.head import find_head
from ichor.errors import BadConfig
from ichor.orientation import radiological_pixel_mm, to_radiological
from ichor.scan import Scan

AIR_HU = -1000.0


@dataclass(frozen=True, slots=True)
class Field:
    """A square of `size` pixels of `pixel_mm`, centered on the head, for all slices of a scan.

    `rows` (size, scan rows) and `columns` (size, scan columns) resample a slice into the field; `rows_back` and
    `columns_back` resample it back to the scan's own grid. Outside the slice, the field is filled with air.
    """

    rows: csr_array
    columns: csr_array
    rows_back: csr_array
    columns_back: csr_array

    @classmethod
    def around(
        cls,
        centre: tuple[float, float],
        shape: tuple[int, int],
        scan_pixel_mm: tuple[float, float],
        size: int,
        pixel_mm: float,
    ) -> Self:
        """The field around `centre` (row, column) of slices of `shape` with the pixel size (row, column) in mm."""
        axes = []
        for middle, n, step in zip(centre, shape, scan_pixel_mm, strict=True):
            # Centers of the field's pixels in pixels of the scan, and vice versa.
            places = np.asarray(middle + (np.arange(size) - (size - 1) / 2) * (pixel_mm / step), np.float64)
            places_back = (np.arange(n) - middle) * (step / pixel_mm) + (size - 1) / 2
            axes.append((_weights(places, n, pixel_mm / step), _weights(places_back, size, step / pixel_mm)))
        (rows, rows_back), (columns, columns_back) = axes
        return cls(rows, columns, rows_back, columns_back)

    def resample(self, hu: NDArray[np.generic]) -> NDArray[np.float32]:
        """Resample HU (n, rows, columns) into the field (n, size, size), float32."""
        inside = np.outer(self.rows.sum(axis=1), self.columns.sum(axis=1))
        taken = _resampled(hu, self.rows, self.columns)
        return np.asarray(taken + (1 - inside) * np.float32(AIR_HU), np.float32)

    def resample_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Resample a mask (n, rows, columns) into the field (n, size, size): pixels at least half covered are set."""
        return _resampled(mask, self.rows, self.columns) >= 0.5

    def to_scan(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Resample values (n, size, size) back to the scan's grid (n, rows, columns); 0 outside the field."""
        return _resampled(values, self.rows_back, self.columns_back)


def resample_to_field(
    scan: Scan, *, size: int, pixel_mm: float, centre: Literal["head", "image"], head_mm: float | None
) -> tuple[NDArray[np.float32], Field]:
    """Resample a scan's slices into a field: (n, size, size) HU in the radiological convention, and the field itself.

    If the scan's pixel size is unknown, it is estimated from the length of a typical head, `head_mm`: head sizes vary
    less than fields of view. Raises BadConfig if that is unknown too.
    """
    hu = to_radiological(scan.hu, scan)
    head = find_head(scan)
    known = radiological_pixel_mm(scan)
    if known is not None:
        row, column = (float(v) for v in np.median(known, axis=0))
    elif head_mm is not None:
        row = column = head_mm / max(head.extent)
    else:
        raise BadConfig(f"{scan.source.path}: expected a scan of known pixel size to train on, found one without")
    middle = ((hu.shape[1] - 1) / 2, (hu.shape[2] - 1) / 2)
    place = head.centre if centre == "head" else middle
    field = Field.around(place, hu.shape[1:], (row, column), size, pixel_mm)
    return field.resample(hu), field


def neighbours(positions_mm: NDArray[np.float64] | None, n: int, distance_mm: float) -> NDArray[np.int64]:
    """(n, 3): for each slice, the indices of the slice below, the slice itself, and the slice above.

    The neighbors are the slices nearest to `distance_mm` away, so that thin slices are shown as far apart as in
    training; a missing neighbor at either end is replaced by the slice itself. Without positions, the adjacent
    slices are taken.
    """
    own = np.arange(n)
    if positions_mm is None or n == 1:
        return np.stack([np.maximum(own - 1, 0), own, np.minimum(own + 1, n - 1)], axis=1)
    apart = positions_mm[None, :] - positions_mm[:, None]
    below = np.where(apart < 0, np.abs(apart + distance_mm), np.inf)
    above = np.where(apart > 0, np.abs(apart - distance_mm), np.inf)
    return np.stack(
        [
            np.where(np.isfinite(below).any(axis=1), below.argmin(axis=1), own),
            own,
            np.where(np.isfinite(above).any(axis=1), above.argmin(axis=1), own),
        ],
        axis=1,
    )


def stack(positions_mm: NDArray[np.float64] | None, n: int, distance_mm: float, reach: int) -> NDArray[np.int64]:
    """(n, 2 * reach + 1): for each slice, the indices of `reach` slices below, itself, and as many above.

    They are `distance_mm` apart from one another, as in `neighbours`.
    """
    columns = [np.arange(n)]
    for k in range(1, reach + 1):
        if positions_mm is None:
            beside = np.clip(np.stack([np.arange(n) - k, np.arange(n), np.arange(n) + k], axis=1), 0, n - 1)
        else:
            beside = neighbours(positions_mm, n, k * distance_mm)
        columns = [beside[:, 0], *columns, beside[:, 2]]
    return np.stack(columns, axis=1)


def tile_corners(size: int, tile: int, stride: int) -> NDArray[np.int64]:
    """(tiles, 2) the first row and column of each tile. Raises ValueError if the tiles do not cover the field."""
    if size < tile or (size - tile) % stride:
        raise ValueError(f"expected a field that tiles of {tile} at stride {stride} cover, found {size}")
    starts = np.arange(0, size - tile + 1, stride)
    return np.stack(np.meshgrid(starts, starts, indexing="ij"), axis=-1).reshape(-1, 2)


def _resampled(slices: NDArray[np.generic], rows: csr_array, columns: csr_array) -> NDArray[np.float32]:
    """Resample each of the slices (n, H, W) as `rows @ slice @ columns.T`, in float32."""
    resampled = np.empty((len(slices), rows.shape[0], columns.shape[0]), np.float32)
    for one, into in zip(slices, resampled, strict=True):
        # Multiplying by the sparse matrix from the left adds up whole contiguous rows.
        into[:] = (columns @ (rows @ one.astype(np.float32)).T).T
    return resampled


def _weights(places: NDArray[np.floating], n: int, scale: float) -> csr_array:
    """(len(places), n) weights of n pixels for values at `places`, in pixels; near the border they sum to below 1."""
    reach = max(1.0, scale)
    weights = np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(n)[None, :]) / reach) / reach
    # A triangle sampled on a grid does not sum exactly to one, but well inside the image it must.
    whole = np.arange(-np.ceil(reach), np.ceil(reach) + 1)
    offset = places - np.round(places)
    total = np.maximum(0.0, 1 - np.abs(whole[None, :] - offset[:, None]) / reach).sum(axis=1) / reach
    return csr_array((weights / total[:, None]).astype(np.float32))


# Resamples a scan into a network's field: (n, size, size) HU, and the field itself.
FieldOf = Callable[[Scan], tuple[NDArray[np.float32], Field]]
