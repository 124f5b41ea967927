"""The position of the head on the slices: to center a network on it, to crop pictures, to find the side of a lesion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.orientation import to_radiological
from ichor.scan import FloatArray, Scan

# Bone, muscle and brain are denser; fat and air are not, even after JPEG compression in a brain window, which ends
# at -20 HU.
HEAD_ABOVE_HU = -10.0
# The head is located on about this many rows and columns: fast, and finer than necessary.
COARSE = 128
# Objects thinner than twice this number, about 10 mm, are not the head but a headrest's shell, a blanket or a tube.
THINNER = 3
AIR_HU = -1000.0
PADDED = 0.02  # fraction of the border that is exactly 0, which air of a scanner never is


@dataclass(frozen=True, slots=True)
class HeadOutline:
    """The head on slices in the radiological convention, in pixels.

    Attributes:
        rows, columns: (first, past the last) that contain head on any slice; the whole slice if no head is found.
        middle_column: (n,) the column halfway between the head's right and left on each slice; NaN without head.
        width: (n,) columns from the head's right to its left on each slice; NaN without head.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]
    middle_column: FloatArray
    width: FloatArray

    @property
    def centre(self) -> tuple[float, float]:
        """(row, column) of the center of the head's bounding rectangle."""
        return (self.rows[0] + self.rows[1] - 1) / 2, (self.columns[0] + self.columns[1] - 1) / 2

    @property
    def extent(self) -> tuple[int, int]:
        """(rows, columns) of that rectangle."""
        return self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]


def find_head(scan: Scan) -> HeadOutline:
    """The head: the largest connected object denser than fat, without the thin shell of a table or headrest."""
    hu, step = coarse_hu(scan)
    n = len(hu)
    n_rows, n_columns = to_radiological(scan.voxels, scan).shape[1:]
    labels, count = ndimage.label(thick_tissue(hu))
    middle, width = np.full(n, np.nan), np.full(n, np.nan)
    if not count:
        return HeadOutline((0, n_rows), (0, n_columns), middle, width)
    head = labels == 1 + np.bincount(labels.ravel())[1:].argmax()
    for k in np.flatnonzero(head.any(axis=(1, 2))):
        lines = head[k][head[k].any(axis=1)]
        right = lines.argmax(axis=1)
        left = lines.shape[1] - lines[:, ::-1].argmax(axis=1)
        # The median over the rows is not affected by an ear or an adjacent headrest.
        middle[k] = np.median(right + left) / 2 * step
        width[k] = np.max(left - right) * step
    rows = _extent(head.any(axis=(0, 2)), step, n_rows)
    columns = _extent(head.any(axis=(0, 1)), step, n_columns)
    return HeadOutline(rows, columns, middle, width)


def thick_tissue(hu: NDArray[np.float32]) -> NDArray[np.bool_]:
    """What is denser than fat on subsampled slices (n, rows, columns), but not thin like a headrest or text."""
    in_plane = ndimage.generate_binary_structure(2, 1)[None]
    return np.asarray(ndimage.binary_opening(hu > HEAD_ABOVE_HU, in_plane, THINNER))


def coarse_hu(scan: Scan, every: int = 1) -> tuple[NDArray[np.float32], int]:
    """HU in the radiological convention at about `COARSE` rows and columns of every `every`-th slice, and the step.

    Pixels are sampled, not averaged, so that the gray values keep their spread. Padding with 0, which would be water,
    is replaced by air.
    """
    voxels = to_radiological(scan.voxels, scan)
    step = max(1, min(voxels.shape[1:]) // COARSE)
    coarse = voxels[::every, step // 2 :: step, step // 2 :: step]
    if scan.gray_window is not None:
        return np.asarray(scan.gray_window.hu(coarse), np.float32), step
    return _zero_padding_as_air(np.asarray(coarse, np.float32)), step


def _zero_padding_as_air(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace regions of exactly 0 that touch the border of the slices (n, rows, columns) by air."""
    zero = hu == 0
    border = np.zeros(hu.shape, np.bool_)
    border[:, [0, -1]] = border[:, :, [0, -1]] = True
    if np.mean(zero[border]) < PADDED:
        return hu
    labels, _ = ndimage.label(zero)
    padding = np.isin(labels, np.setdiff1d(labels[border], 0))
    return np.where(padding, np.float32(AIR_HU), hu)


def head_length_mm(scan: Scan) -> float:
    """The longer side of the head's bounding rectangle, mm. Raises ValueError if the pixel size is unknown."""
    if scan.pixel_mm is None:
        raise ValueError("expected a scan of known pixel size, found one without")
    return max(find_head(scan).extent) * float(scan.pixel_mm.mean())


def _extent(holds_head: NDArray[np.bool_], step: int, size: int) -> tuple[int, int]:
    found = np.flatnonzero(holds_head)
    return int(found[0]) * step, min(int(found[-1] + 1) * step, size)
