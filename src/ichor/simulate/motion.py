"""Motion: the head moves while a slice is measured, so its projections show different positions.

A step-and-shoot scanner turns for about a second per slice. Motion during this time doubles the edges of the skull and
causes streaks from them (Barrett and Keat 2004, RadioGraphics 24:1679). The projections after the movement are those of
the moved head.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ichor.dataset.case import Case
from ichor.simulate.projections import ANGLES, GRID_MM, CoarseSlices
from ichor.simulate.resample import AIR_HU, Image, changed, hu_of

_MOVING = 30  # of the angles, during which the head is on its way


def moved(degrees: float, mm: float, slices: range, case: Case, seed: int = 0) -> Case:
    """The case whose head turned by `degrees` and slid by `mm` while these slices were measured.

    When during the turn, and in which direction, is drawn for each slice; the same seed gives the same. The
    delineations are unchanged.
    """
    hu, rng, grid = hu_of(case).copy(), np.random.default_rng(seed), CoarseSlices.of(case)
    some = [k for k in slices if 0 <= k < len(hu)]
    if not some:
        return changed(case, hu)
    still = grid.hu[some]
    off = np.stack([_moved(one, degrees * rng.choice((-1, 1)), rng.uniform(0, 2 * np.pi), mm) for one in still])
    error = grid.projector.project(grid.attenuation(off) - grid.attenuation(still))
    start = rng.uniform(ANGLES / 4, 3 * ANGLES / 4, len(some))
    after = np.clip((np.arange(ANGLES) - start[:, None]) / _MOVING + 0.5, 0, 1)
    hu[some] += grid.of_slices(some).error_hu((after[:, :, None] * error).astype(np.float32))
    return changed(case, hu)


def _moved(hu: Image, degrees: float, direction: float, mm: float) -> Image:
    """A slice turned about its middle and slid in a direction."""
    a, middle = np.radians(degrees), (np.array(hu.shape) - 1) / 2
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    slid = mm / GRID_MM * np.array([np.sin(direction), np.cos(direction)])
    return np.asarray(ndimage.affine_transform(hu, turn, middle - turn @ middle + slid, order=1, cval=AIR_HU))
