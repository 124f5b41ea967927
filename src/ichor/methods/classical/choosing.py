"""Chooses rule constants on training cases: those with the best mean of a score over the cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ichor.methods.classical.head import Mask

K = TypeVar("K")


def dice(mask: Mask, truth: Mask) -> float:
    """The Dice coefficient over all slices; 0 if both are empty."""
    both = int(np.count_nonzero(mask)) + int(np.count_nonzero(truth))
    return 2 * int(np.count_nonzero(mask & truth)) / both if both else 0.0


def best_mean(scores: Mapping[K, Sequence[float]]) -> K:
    """The constants with the highest mean score; the first of them in a tie."""
    return max(scores, key=lambda one: float(np.mean(scores[one])))


def most_accurate(found: Mapping[K, Sequence[NDArray[np.bool_]]], truth: Sequence[NDArray[np.bool_]]) -> K:
    """The constants with the highest balanced accuracy over the slices of all cases; the first of them in a tie.

    `found` has, for each choice of constants, the slices on which each case is positive; `truth` has the true ones.
    """
    slices = np.concatenate(truth)
    return best_mean({one: [balanced_accuracy(np.concatenate(cases), slices)] for one, cases in found.items()})


def balanced_accuracy(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """The mean of sensitivity and specificity, each counted only if there are cases for it; 0 without any."""
    rates = [float(np.mean(found[truth == kind] == kind)) for kind in (True, False) if np.any(truth == kind)]
    return float(np.mean(rates)) if rates else 0.0
