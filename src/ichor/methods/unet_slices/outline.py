"""Outlines the hemorrhage on a slice at the cutoff with the greatest expected Dice.

No single threshold suits both a clear hematoma, whose edge lies where the probability is about one half, and a small
or faint one, which reaches one half nowhere. The greatest Dice of the expected counts (twice the expected hemorrhage in
the set, divided by the size of the set plus all expected hemorrhage) is reached by the set of all voxels above some
cutoff. For many independent voxels it equals the expected Dice, as it is called here, and the best cutoff is half of
it, and so lower where less can be expected (Lipton, Elkan and Narayanaswamy 2014, arXiv:1402.1892, for F1, which is the
same as Dice). So the threshold decides from the most probable voxel whether a slice is marked at all, and the cutoff,
found for each slice, how far the outline extends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichor.methods.calibration import expit, logit
from ichor.scan import FloatArray

LEAST = 1e-3  # less probable voxels are never marked; summed up, they would outweigh a small lesion


def voxels_within(probability: FloatArray, counts: NDArray[np.integer], logit_offset: float) -> int:
    """The number of leading values to mark for the greatest expected Dice.

    `probability` (v,) is in descending order, and each value stands for `counts` (v,) voxels. Voxels are treated as
    independent, which those of a lesion are not; `logit_offset`, subtracted from all logits, compensates for that.
    Returns 0 if all are below `LEAST`.
    """
    among = int(np.searchsorted(-probability, -LEAST, side="right"))
    if not among:
        return 0
    n = counts[:among]
    hemorrhage = np.cumsum(n * expit(logit(probability[:among]) - logit_offset))
    return 1 + int(np.argmax(2 * hemorrhage / (np.cumsum(n) + hemorrhage[-1])))


def outlined(probability: NDArray[np.float32], threshold: float, logit_offset: float) -> NDArray[np.bool_]:
    """The mask (n, rows, columns): slices whose highest probability reaches `threshold`, down to their own cutoff."""
    mask = np.zeros(probability.shape, bool)
    for k in np.flatnonzero(probability.max(axis=(1, 2)) >= max(threshold, LEAST)):
        values, counts = np.unique(probability[k][probability[k] >= LEAST], return_counts=True)
        cut = values[::-1][voxels_within(values[::-1], counts[::-1], logit_offset) - 1]
        mask[k] = probability[k] >= cut
    return mask
