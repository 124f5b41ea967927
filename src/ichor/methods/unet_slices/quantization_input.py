"""Slices from which the ranges of a network's activations are found when it is quantized."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ichor.dataset.case import Case
from ichor.methods.field import FieldOf, neighbours

_SEED = 0


def quantization_input(field_of: FieldOf, neighbour_mm: float, cases: Sequence[Case]) -> NDArray[np.float32]:
    """Network inputs (N, 3, H, W) in HU: one random slice of each case, and one with hemorrhage if it is known
    to have any.

    `field_of` resamples a scan into the network's field; `neighbour_mm` is the distance of the slices below and above.
    """
    rng = np.random.default_rng(_SEED)
    slices = []
    for case in cases:
        positive = case.positive if case.known_slices.any() else np.zeros(case.scan.n_slices, bool)
        drawn = [rng.choice(of) for of in (np.arange(len(positive)), np.flatnonzero(positive)) if of.size]
        hu, _ = field_of(case.scan)
        slices.append(hu[neighbours(case.scan.slice_positions_mm, case.scan.n_slices, neighbour_mm)[drawn]])
    return np.concatenate(slices)
