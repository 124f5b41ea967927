"""A made head with brain, fluid in ventricles and sulci, and noise, of which everything is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from ichor.dataset.case import Case
from synthetic_scans import synthetic_head

BRAIN, FLUID, NOISE = 36.0, 6.0, 2.0


def head_case(subject: str = "051", *, noise: float = NOISE) -> Case:
    """28 slices of 5 mm: a skull, ventricles near the middle, and a sulcus of 4 mm every 20 mm along the convexity."""
    scan = synthetic_head(n=28, size=140, pixel_mm=(1.5, 1.5), distances_mm=5.0, blood_at_mm=None)
    hu = scan.voxels.astype(np.float32)
    rows, columns = (np.arange(140) - 69.5)[:, None] * 1.5, (np.arange(140) - 69.5) * 1.5
    brain = hu == 35
    hu[brain] = BRAIN
    ventricle = (np.abs(np.abs(columns) - 10) < 4) & (np.abs(rows) < 30)
    hu[10:18][brain[10:18] & ventricle] = FLUID
    near_skull = np.zeros_like(brain)
    for k in range(28):
        depth = ndimage.distance_transform_edt(brain[k], sampling=1.5)
        near_skull[k] = brain[k] & (depth < 14)
    sulcus = (np.mod(rows, 20) < 4) & np.ones_like(columns, bool)
    hu[near_skull & sulcus] = FLUID
    rng = np.random.default_rng(0)
    hu[brain] += noise * rng.standard_normal(int(brain.sum()))
    return Case(subject, replace(scan, voxels=hu), np.zeros(hu.shape, bool), np.zeros((28, 5), bool))
