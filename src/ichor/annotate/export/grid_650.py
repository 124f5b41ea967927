"""A scan and its label map on the grid of ct-ich: 650 x 650 pixels in the radiological convention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.orientation import radiological_pixel_mm, to_radiological
from ichor.read.ct_ich_jpg import SIZE
from ichor.scan import Scan

AIR_HU = -1000.0


@dataclass(frozen=True, eq=False)
class Grid:
    """The mapping of a scan's slices to 650 x 650 pixels: the whole field of view, undistorted and centred.

    Attributes:
        scan: the scan on its own grid.
        resampled: whether the new pixels differ from the scan's.
        pixel_mm: (n,) the pixel size of the new grid in mm; None if the scan's is unknown.
    """

    scan: Scan
    resampled: bool
    pixel_mm: NDArray[np.float64] | None

    def hu(self) -> NDArray[np.generic]:
        """(n, 650, 650) HU, interpolated linearly between the scan's pixels; air outside the field of view."""
        hu = to_radiological(self.scan.hu, self.scan)
        if not self.resampled:
            return hu
        return np.stack([self._mapped(one.astype(np.float32), k, AIR_HU) for k, one in enumerate(hu)])

    def label_map(self, label_map: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(n, 650, 650) from a label map (n, rows, columns): each pixel gets the label that covers most of it."""
        turned = to_radiological(label_map, self.scan)
        if not self.resampled:
            return np.ascontiguousarray(turned)
        result = np.zeros((len(turned), *SIZE), np.uint8)
        for k, one in enumerate(turned):
            if one.any():
                result[k] = self._labels(one, k)
        return result

    def _labels(self, labels: NDArray[np.uint8], k: int) -> NDArray[np.uint8]:
        there = np.unique(labels)
        covered = np.stack(
            [self._mapped((labels == label).astype(np.float32), k, float(label == 0)) for label in there]
        )
        return np.asarray(there[covered.argmax(axis=0)], np.uint8)

    def _mapped(self, image: NDArray[np.float32], k: int, outside: float) -> NDArray[np.float32]:
        rows, columns = image.shape
        steps = _steps(self.scan, k, (rows, columns))
        corner = [(size - SIZE[0] * step) / 2 - 0.5 + 0.5 * step for size, step in zip(image.shape, steps, strict=True)]
        return np.asarray(
            ndimage.affine_transform(
                image, steps, offset=corner, output_shape=SIZE, order=1, mode="grid-constant", cval=outside
            ),
            np.float32,
        )


def grid_of(scan: Scan) -> Grid:
    """The mapping for a scan. Pixels of unknown size are assumed to be square."""
    sizes = radiological_pixel_mm(scan)
    shape = to_radiological(scan.voxels, scan).shape[1:]
    square = sizes is None or bool(np.allclose(sizes[:, 0], sizes[:, 1], rtol=1e-3))
    pixel_mm = None
    if sizes is not None:
        steps = np.array([_steps(scan, k, shape) for k in range(scan.n_slices)])
        pixel_mm = np.asarray(sizes[:, 0] * steps[:, 0], np.float64)
    return Grid(scan, resampled=not (square and shape == SIZE), pixel_mm=pixel_mm)


def _steps(scan: Scan, k: int, shape: tuple[int, ...]) -> tuple[float, float]:
    """The size of a new pixel on slice k, in rows and columns of the scan."""
    sizes = radiological_pixel_mm(scan)
    row_mm, column_mm = (1.0, 1.0) if sizes is None else (float(one) for one in sizes[k])
    pixel = max(shape[0] * row_mm, shape[1] * column_mm) / SIZE[0]
    return pixel / row_mm, pixel / column_mm
