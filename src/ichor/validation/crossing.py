"""Folds of scans: no patient is in two of them, and each has about the same share of scans with hemorrhage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOLDS = 10
_SEED = 0


def folds_of(truth: NDArray[np.bool_], patient: NDArray[np.int64], count: int = FOLDS) -> NDArray[np.int64]:
    """(n,) the fold of each scan, from 1: patients with and without hemorrhage are dealt out in turn, in random order.

    Always the same folds for the same scans.
    """
    n = int(patient.max()) + 1
    positive = np.bincount(patient, truth, minlength=n) > 0
    shuffled = np.random.default_rng(_SEED).permutation(n)
    dealt = np.r_[shuffled[positive[shuffled]], shuffled[~positive[shuffled]]]
    fold_of = np.empty(n, np.int64)
    fold_of[dealt] = np.arange(n) % count + 1
    return fold_of[patient]
