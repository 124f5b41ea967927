"""A small head made by code: air, scalp, skull and brain in HU, with a bleed and nothing to hide a flip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AIR, SCALP, BONE, BRAIN, BLOOD = -1000, -60, 900, 34, 70


def head(n: int = 8, rows: int = 40, columns: int = 36, *, noise: float = 4.0) -> NDArray[np.int16]:
    """(n, rows, columns) int16 HU in a scan's own order: slices up, rows to posterior, columns to the left.

    The bleed lies in the upper half, at the patient's left and in front. Noise in HU, the same at each call.
    """
    z, y, x = np.meshgrid(
        np.linspace(-0.8, 0.8, n),
        np.linspace(-1.1, 1.1, rows),
        np.linspace(-1.2, 1.2, columns),
        indexing="ij",
    )
    radius = np.sqrt((z * 0.7) ** 2 + y**2 + (x * 1.05) ** 2)
    hu = np.full(radius.shape, AIR, np.float64)
    for outer, value in ((1.0, SCALP), (0.95, BONE), (0.85, BRAIN)):
        hu[radius < outer] = value
    hu[(x - 0.35) ** 2 + (y + 0.35) ** 2 + (z - 0.3) ** 2 < 0.04] = BLOOD
    return np.rint(hu + np.random.default_rng(0).normal(0, noise, hu.shape)).astype(np.int16)


def bleed(n: int = 8, rows: int = 40, columns: int = 36) -> NDArray[np.bool_]:
    """(n, rows, columns) where `head` has blood."""
    hu = head(n, rows, columns, noise=0)
    return np.asarray(hu == BLOOD)
