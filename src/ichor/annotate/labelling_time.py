"""An estimate of the time that a reader needs to delineate a scan. Its rates are assumptions, not fitted to data.

Kuo et al. 2018 (arXiv:1809.02882) fitted the logarithm of measured times to the length of the outlines and the number
of regions. No times are available for ct-ich. The model below therefore takes these two terms from them, adds one for
looking through the slices, and assumes four rates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

OPEN_S = 20.0  # to open a scan and enter the diagnosis
SLICE_S = 3.0  # to look at a slice in two windows
REGION_S = 5.0  # to begin and close an outline
OUTLINE_S_PER_MM = 0.1  # to draw: 10 mm per second

# Assumed if the pixel size is unknown: a field of view of 230 mm on 512 pixels.
USUAL_PIXEL_MM = (0.45, 0.45)

# Regions are connected within a slice, by edges and corners, but not across slices.
_IN_SLICE = np.zeros((3, 3, 3), bool)
_IN_SLICE[1] = True


def labelling_s(mask: NDArray[np.bool_], pixel_mm: NDArray[np.float64] | None) -> float:
    """The estimated time in seconds to read a scan and outline `mask`, (n, rows, columns), by hand.

    It is 20 s per scan, 3 s per slice, 5 s per region on a slice and 0.1 s per mm of outline. `pixel_mm` (n, 2) is as
    in `Scan`.
    """
    sizes = np.tile(USUAL_PIXEL_MM, (len(mask), 1)) if pixel_mm is None else pixel_mm
    regions = int(ndimage.label(mask, _IN_SLICE)[1])
    drawing = REGION_S * regions + OUTLINE_S_PER_MM * float(outline_mm(mask, sizes).sum())
    return OPEN_S + SLICE_S * len(mask) + drawing


def outline_mm(mask: NDArray[np.bool_], pixel_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the length of the outlines on each slice of `mask` (n, rows, columns), in mm; `pixel_mm` is (n, 2).

    The length of all pixel edges between inside and outside, times pi / 4. Averaged over all directions, this is the
    length of a smooth outline (the Cauchy-Crofton formula with two directions).
    """
    padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    between_rows, between_columns = (np.diff(padded, axis=axis).sum(axis=(1, 2)) for axis in (1, 2))
    edges = between_rows * pixel_mm[:, 1] + between_columns * pixel_mm[:, 0]
    return np.asarray(np.pi / 4 * edges, np.float64)
