"""The voxels of slices in the form that the page reads: bytes that compress well.

Neighboring voxels are similar, so a slice is sent as differences between neighbors. Differences of either sign become
small whole numbers (zigzag: 0, -1, 1, -2 become 0, 1, 2, 3), whose high bytes are nearly all 0 and are stored
separately from the low ones. gzip compresses them better than the voxels themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.orientation import to_radiological
from ichor.scan import Scan


def shown_hu(scan: Scan, k: int) -> NDArray[np.int16]:
    """(rows, columns) whole HU of slice k in the radiological convention."""
    one = to_radiological(scan.voxels[k : k + 1], scan)[0]
    hu = one if scan.gray_window is None else scan.gray_window.hu(one)
    return np.clip(np.rint(hu), -32768, 32767).astype(np.int16)


def encoded(hu: NDArray[np.int16]) -> bytes:
    """2 bytes for each voxel: all low bytes, then all high bytes, of the zigzag differences in row-major order."""
    flat = hu.ravel()
    # Modulo 2**16, as the page adds them up.
    steps = np.diff(flat, prepend=np.zeros(1, np.int16))
    zigzag = ((steps << 1) ^ (steps >> 15)).astype("<u2")
    return zigzag.view(np.uint8).reshape(-1, 2).T.tobytes()
