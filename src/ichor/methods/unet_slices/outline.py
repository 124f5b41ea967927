"""How far a hemorrhage reaches on a slice: the cut of the greatest expected Dice.

One threshold suits neither a clear hematoma, whose edge lies where the probability is about one half, nor a small or
faint one, which reaches one half nowhere. Of all sets of voxels, one of those above some cut has the greatest Dice of
the expected counts: twice the hemorrhage expected in it, by its size and all hemorrhage that is expected. That is the
expected Dice, as it is called here, of many voxels that are independent of each other, and the cut is half of it: lower
where less can be expected (Lipton, Elkan and Narayanaswamy 2014, arXiv:1402.1892, of F1, which Dice is). So a threshold
says whether a slice is marked at all, by its surest voxel, and the slice itself how far.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.methods.calibration import expit, logit
from ichor.scan import FloatArray

LEAST = 1e-3  # what is less probable is never marked, and what there is of it would outweigh a small lesion


def voxels_within(probability: FloatArray, counts: NDArray[np.integer], logit_offset: float) -> int:
    """How many of the first values to mark for the greatest expected Dice.

    `probability` (v,) falls, and each value stands for `counts` (v,) voxels. Voxels count as independent of each other,
    which those of a lesion are not; `logit_offset` is taken from the logit of all of them and makes up for it. 0 where
    all are below `LEAST`.
    """
    among = int(np.searchsorted(-probability, -LEAST, side="right"))
    if not among:
        return 0
    n = counts[:among]
    hemorrhage = np.cumsum(n * expit(logit(probability[:among]) - logit_offset))
    return 1 + int(np.argmax(2 * hemorrhage / (np.cumsum(n) + hemorrhage[-1])))


def outlined(probability: NDArray[np.float32], threshold: float, logit_offset: float) -> NDArray[np.bool_]:
    """(n, rows, columns) what is marked: on each slice whose surest voxel reaches `threshold`, down to its own cut."""
    mask = np.zeros(probability.shape, bool)
    for k in np.flatnonzero(probability.max(axis=(1, 2)) >= max(threshold, LEAST)):
        values, counts = np.unique(probability[k][probability[k] >= LEAST], return_counts=True)
        cut = values[::-1][voxels_within(values[::-1], counts[::-1], logit_offset) - 1]
        mask[k] = probability[k] >= cut
    return mask
