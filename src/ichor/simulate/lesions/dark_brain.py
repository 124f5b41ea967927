"""Brain that is darker than it should be, beside which normal brain, vessels and folds of the dura look like blood.

Each percent of water that enters ischemic brain lowers its HU by 2 to 3 (Rieth et al. 1980, and others since), which is
5 to 15 HU within a day; the brain swells, and its sulci vanish. Generalized edema does the same to the whole brain, and
the falx, the tentorium and the vessels in the cisterns then look like subarachnoid blood (pseudo-subarachnoid
hemorrhage).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.lesions.frame import HeadFrame, smooth_field
from ichor.simulate.lesions.paint import DRAWN, Grown, mimic
from ichor.simulate.resample import Image

# The middle of each territory in atlas coordinates, right side, and its half size up, to posterior and sideways, mm
# (Tatu et al. 1998, Neurology 50:1699).
_TERRITORIES = (
    ((48.0, -12.0, 14.0), (38.0, 52.0, 30.0)),  # middle cerebral artery
    ((46.0, 12.0, 22.0), (20.0, 26.0, 24.0)),  # its anterior branches
    ((48.0, -42.0, 22.0), (20.0, 28.0, 24.0)),  # its posterior branches
    ((22.0, -78.0, 2.0), (20.0, 30.0, 24.0)),  # posterior cerebral artery
    ((10.0, 34.0, 34.0), (34.0, 40.0, 14.0)),  # anterior cerebral artery
    ((26.0, -62.0, -36.0), (14.0, 24.0, 24.0)),  # cerebellum
    ((22.0, 2.0, 6.0), (9.0, 9.0, 7.0)),  # lenticulostriate arteries
)
_ROUGH = 0.25  # how much the edge of a territory varies
_FADES = 0.25  # of its size, over which its edge fades
_BLUR_MM = 2.0


def ischemia(case: Case, head: HeadFrame, rng: np.random.Generator) -> Grown:
    """A territory of an artery that is 4 to 16 HU darker and swollen."""
    (x, y, z), size = _TERRITORIES[int(rng.integers(len(_TERRITORIES)))]
    side = float(rng.choice((-1, 1)))
    up, back, left = head.offsets_mm(head.place(side * x, y, z))
    grown = rng.uniform(0.6, 1.1) * np.array(size) * head.scale
    away = np.sqrt((up / grown[0]) ** 2 + (back / grown[1]) ** 2 + (left / grown[2]) ** 2)
    voxels = (2.0, 10 / head.mm[0], 10 / head.mm[1])
    away = away * (1 + _ROUGH * smooth_field(head.hu.shape, voxels, rng))
    # The atlas' right is at smaller columns; no territory crosses the falx.
    share = np.clip((1 - away) / _FADES + 0.5, 0, 1) * (head.x_mm * side < 0)
    return _darkened(case, head, share.astype(np.float32), float(rng.uniform(4, 16)), float(rng.uniform(0.3, 1.0)))


def swelling(case: Case, head: HeadFrame, rng: np.random.Generator) -> Grown:
    """All brain 2 to 8 HU darker, with narrow sulci and cisterns; the dura between keeps its HU."""
    share = np.where(np.abs(head.x_mm) > 1.2, 1, 0).astype(np.float32) * (head.depth_mm > 1.5)
    return _darkened(case, head, share, float(rng.uniform(2, 8)), float(rng.uniform(0.4, 0.9)))


def _darkened(case: Case, head: HeadFrame, share: Image, darker_hu: float, effaced: float) -> Grown:
    """Brain darker by that many HU in a share of each voxel, and the same share of its sulci filled by `effaced`."""
    share = share * head.tissue
    sigma = [0, *(_BLUR_MM / mm for mm in head.mm)]
    brain = ndimage.gaussian_filter(share * (1 - head.fluid), sigma) * head.tissue
    # Fluid at the surface; ventricles deep within stay as they are.
    sulci = share * head.fluid * np.clip((30 - head.depth_mm) / 8, 0, 1)
    hu = head.hu - np.float32(darker_hu) * brain * (1 - head.fluid)
    hu = hu + np.float32(effaced) * sulci * (head.brain_hu - darker_hu - head.smooth)
    return mimic(case, hu.astype(np.float32), share > DRAWN)
