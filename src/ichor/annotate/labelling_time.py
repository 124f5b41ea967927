"""How long a reader takes over a scan: a model of it, stated and not fitted.

Kuo et al. 2018 (arXiv:1809.02882) fit the logarithm of the time to the length of the outlines and the number of
regions, on times that their readers took. ct-ich has no times and neither have we: the two terms are theirs, with a
third for looking through the slices, and the four rates below are assumptions. What is computed with them is modelled
time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

OPEN_S = 20.0  # to open a scan and state its diagnosis
SLICE_S = 3.0  # to look at a slice in two windows
REGION_S = 5.0  # to begin and close an outline
OUTLINE_S_PER_MM = 0.1  # to draw: 10 mm of the head a second

# Of a scan of unknown pixel size: a field of 230 mm on 512 pixels.
USUAL_PIXEL_MM = (0.45, 0.45)

# Regions are those of a slice: pixels that touch, at a corner too, and none of the slice above or below.
_IN_SLICE = np.zeros((3, 3, 3), bool)
_IN_SLICE[1] = True


def labelling_s(mask: NDArray[np.bool_], pixel_mm: NDArray[np.float64] | None) -> float:
    """Seconds that a reader takes to go through a scan and outline `mask`, (n, rows, columns), on it.

    20 s a scan, 3 s a slice, 5 s a region of a slice and 0.1 s a mm of outline. `pixel_mm` (n, 2) is as in `Scan`.
    """
    sizes = np.tile(USUAL_PIXEL_MM, (len(mask), 1)) if pixel_mm is None else pixel_mm
    regions = int(ndimage.label(mask, _IN_SLICE)[1])
    drawing = REGION_S * regions + OUTLINE_S_PER_MM * float(outline_mm(mask, sizes).sum())
    return OPEN_S + SLICE_S * len(mask) + drawing


def outline_mm(mask: NDArray[np.bool_], pixel_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the length of the outlines on each slice of `mask` (n, rows, columns), in mm; `pixel_mm` is (n, 2).

    Pixel edges between inside and outside, times pi / 4: what a smooth outline of any direction has on average
    (Cauchy's and Crofton's formula for two directions).
    """
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    between_rows, between_columns = (np.diff(padded, axis=axis).sum(axis=(1, 2)) for axis in (1, 2))
    edges = between_rows * pixel_mm[:, 1] + between_columns * pixel_mm[:, 0]
    return np.asarray(np.pi / 4 * edges, np.float64)
