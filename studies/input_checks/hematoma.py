"""A simulated hematoma deep in one hemisphere, with edema around it, in a scan of known geometry.

Clotted blood has 50 to 90 HU, and the edema around it is darker than brain.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from ichor.anatomy.head import find_head
from ichor.anatomy.intracranial import Cranium
from ichor.scan import Scan

VOLUME_ML, HEMATOMA_HU = (10.0, 80.0), (60.0, 80.0)  # drawn for each scan, the volume on a logarithmic scale
EDEMA_MM, EDEMA_HU = 8.0, 12.0  # how far it reaches, and how much darker it is than brain
AXES = (1.0, 1.3, 0.8)  # of the ellipsoid, relative: up, back and left
ASIDE = 0.45  # of the distance from the middle of the brain to its side
REPLACED_HU = (-10.0, 90.0)  # not bone, and not what is partly bone


def with_hematoma(scan: Scan, seed: int) -> Scan:
    """The scan in HU, with a hematoma; the same for the same seed. Pixel size and positions must be known."""
    rng = np.random.default_rng(seed)
    head = find_head(scan)
    wide = np.flatnonzero(Cranium.of(scan, head).wide)
    heights, positions = scan.slice_heights_mm, scan.slice_positions_mm
    assert scan.pixel_mm is not None and heights is not None and positions is not None
    row_mm, column_mm = np.median(scan.pixel_mm, axis=0)
    target_hu, side = rng.uniform(*HEMATOMA_HU), rng.choice((-1, 1))
    radius_mm = (1000 * np.exp(rng.uniform(*np.log(VOLUME_ML))) * 3 / (4 * np.pi * np.prod(AXES))) ** (1 / 3)
    hu = np.array(scan.voxels, np.float32)
    (row, column), width = head.centre, float(np.nanmedian(head.width[wide]))
    up = positions - positions[wide[len(wide) // 2]]
    back = (np.arange(hu.shape[1]) - row) * row_mm
    left = (np.arange(hu.shape[2]) - column - side * ASIDE * width / 2) * column_mm
    for k in np.flatnonzero(np.abs(up) <= radius_mm * AXES[0] + EDEMA_MM):
        along = np.sqrt(
            (up[k] / AXES[0]) ** 2 + (back[:, None] / AXES[1]) ** 2 + (left[None, :] / AXES[2]) ** 2, dtype=np.float32
        )
        soft = (hu[k] >= REPLACED_HU[0]) & (hu[k] <= REPLACED_HU[1])
        smooth = ndimage.gaussian_filter(hu[k], (2 / row_mm, 2 / column_mm))
        within = np.clip((radius_mm - along) / 2 + 0.5, 0, 1)
        around = np.clip((radius_mm + EDEMA_MM - along) / EDEMA_MM, 0, 1) - within
        hu[k] += soft * (within * (target_hu - smooth) - np.maximum(around, 0) * EDEMA_HU)
    return replace(scan, voxels=hu)
