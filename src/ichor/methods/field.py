"""A network's field: slices brought to the pixel size it was trained at, centred on the head, and back.

Resampling is separable and linear, so each direction is one small matrix: a slice is `rows @ slice @ columns.T`. Few
of its weights are not zero, so it is a sparse one: as dense ones they take as long as the network does in int8.
Going down it averages over the larger pixel (a triangle as wide as the new pixel), which keeps noise from folding
in; going up it is bilinear.
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
    """A square of `size` pixels of `pixel_mm`, centred on the head, for all slices of a scan.

    `rows` (size, scan rows) and `columns` (size, scan columns) take a slice into the field; `rows_back` and
    `columns_back` take it back to the scan's own grid. What lies outside the slice is air.
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
            # Centres of the field's pixels in pixels of the scan, and the other way round.
            places = np.asarray(middle + (np.arange(size) - (size - 1) / 2) * (pixel_mm / step), np.float64)
            places_back = (np.arange(n) - middle) * (step / pixel_mm) + (size - 1) / 2
            axes.append((_weights(places, n, pixel_mm / step), _weights(places_back, size, step / pixel_mm)))
        (rows, rows_back), (columns, columns_back) = axes
        return cls(rows, columns, rows_back, columns_back)

    def take(self, hu: NDArray[np.generic]) -> NDArray[np.float32]:
        """(n, rows, columns) HU to (n, size, size), float32."""
        inside = np.outer(self.rows.sum(axis=1), self.columns.sum(axis=1))
        taken = _resampled(hu, self.rows, self.columns)
        return np.asarray(taken + (1 - inside) * np.float32(AIR_HU), np.float32)

    def take_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n, rows, columns) to (n, size, size): a pixel is set where at least half of it is."""
        return _resampled(mask, self.rows, self.columns) >= 0.5

    def give_back(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, size, size) back to (n, rows, columns); 0 outside the field."""
        return _resampled(values, self.rows_back, self.columns_back)


def take_field(
    scan: Scan, *, size: int, pixel_mm: float, centre: Literal["head", "image"], head_mm: float | None
) -> tuple[NDArray[np.float32], Field]:
    """A scan's slices in a field, (n, size, size) HU in the radiological convention, and the field itself.

    Where the scan's pixel size is unknown it is taken from the head's length, `head_mm`: heads differ less than
    fields of view do. Raises BadConfig where that is not known either.
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
    return field.take(hu), field


def neighbours(positions_mm: NDArray[np.float64] | None, n: int, distance_mm: float) -> NDArray[np.int64]:
    """(n, 3): for each slice the index of the slice below, its own, and of the one above.

    Those nearest to `distance_mm` away, so that thin slices are shown as far apart as those trained on; the end
    slices stand for their missing neighbour. Without positions, the adjacent slices.
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


def tile_corners(size: int, tile: int, stride: int) -> NDArray[np.int64]:
    """(tiles, 2) the first row and column of each tile. Raises ValueError where tiles would not cover the field."""
    if size < tile or (size - tile) % stride:
        raise ValueError(f"expected a field that tiles of {tile} at stride {stride} cover, found {size}")
    starts = np.arange(0, size - tile + 1, stride)
    return np.stack(np.meshgrid(starts, starts, indexing="ij"), axis=-1).reshape(-1, 2)


def _resampled(slices: NDArray[np.generic], rows: csr_array, columns: csr_array) -> NDArray[np.float32]:
    """Each of (n, H, W) slices as `rows @ slice @ columns.T`, in float32."""
    resampled = np.empty((len(slices), rows.shape[0], columns.shape[0]), np.float32)
    for one, into in zip(slices, resampled, strict=True):
        # Sparse matrices multiply from the left, where whole lines of memory are added up.
        into[:] = (columns @ (rows @ one.astype(np.float32)).T).T
    return resampled


def _weights(places: NDArray[np.floating], n: int, scale: float) -> csr_array:
    """(len(places), n) weights of n pixels for values at `places`, in pixels; rows near the border sum below 1."""
    reach = max(1.0, scale)
    weights = np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(n)[None, :]) / reach) / reach
    # A triangle sampled on a grid does not sum to one by itself; well inside the image it must.
    whole = np.arange(-np.ceil(reach), np.ceil(reach) + 1)
    offset = places - np.round(places)
    total = np.maximum(0.0, 1 - np.abs(whole[None, :] - offset[:, None]) / reach).sum(axis=1) / reach
    return csr_array((weights / total[:, None]).astype(np.float32))


# Brings a scan into a network's field: (n, size, size) HU, and the field itself.
FieldOf = Callable[[Scan], tuple[NDArray[np.float32], Field]]
