"""A random forest (Breiman, Machine Learning 45:5-32, 2001), fitted as three arrays: predicting needs numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ichor.scan import FloatArray

TREES, DEPTH = 50, 10
LEAST_IN_LEAF = 20  # voxels
ROWS_AT_ONCE = 16_384  # so that they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Forest:
    """Complete binary trees of depth D; the children of node k are 2 k + 1 and 2 k + 2.

    Attributes:
        feature: (T, 2^D - 1) the predictor that each inner node asks for.
        threshold: (T, 2^D - 1) up to this value, the way goes to the first child.
        leaf: (T, 2^D) the probability of each leaf.
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    leaf: NDArray[np.float32]

    def __post_init__(self) -> None:
        trees, inner = self.feature.shape
        if self.threshold.shape != (trees, inner) or self.leaf.shape != (trees, inner + 1) or (inner & (inner + 1)):
            raise ValueError("expected complete trees of one depth")

    @classmethod
    def fit(cls, x: NDArray[np.float32], truth: NDArray[np.bool_], seed: int) -> Self:
        """Fit to predictors (N, F) of voxels of `truth` (N,). Raises ValueError if one class is missing."""
        if np.unique(truth).size < 2:
            raise ValueError("expected voxels of both classes, found one")
        from sklearn.ensemble import RandomForestClassifier

        grown = RandomForestClassifier(TREES, max_depth=DEPTH, min_samples_leaf=LEAST_IN_LEAF, random_state=seed)
        trees = [_complete(one.tree_) for one in grown.fit(x, truth).estimators_]
        feature, threshold, leaf = (np.stack(parts) for parts in zip(*trees, strict=True))
        return cls(feature, threshold, leaf)

    def save(self, file: Path) -> None:
        """Write the arrays."""
        np.savez_compressed(file, feature=self.feature, threshold=self.threshold, leaf=self.leaf)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what `save` wrote. Raises OSError, ValueError, KeyError or BadZipFile if it is missing or damaged."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(arrays["feature"], arrays["threshold"], arrays["leaf"])

    def probability(self, x: NDArray[np.float32]) -> FloatArray:
        """(N,) the probability for predictors (N, F)."""
        parts = [self._of(x[start : start + ROWS_AT_ONCE]) for start in range(0, len(x), ROWS_AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _of(self, x: NDArray[np.float32]) -> FloatArray:
        rows, inner = np.arange(len(x)), self.feature.shape[1]
        total = np.zeros(len(x))
        for feature, threshold, leaf in zip(self.feature, self.threshold, self.leaf, strict=True):
            node = np.zeros(len(x), np.intp)
            while node[0] < inner:  # all rows are at the same depth
                node = 2 * node + 1 + (x[rows, feature[node]] > threshold[node])
            total += leaf[node - inner]
        return total / len(self.leaf)


def _complete(tree: Any) -> tuple[NDArray[np.int16], NDArray[np.float32], NDArray[np.float32]]:
    """scikit-learn's tree as a complete one: a leaf above the lowest level goes on to copies of itself."""
    inner = 2**DEPTH - 1
    feature, threshold = np.zeros(inner, np.int16), np.zeros(inner, np.float32)
    leaf = np.zeros(inner + 1, np.float32)
    at = np.zeros(2 * inner + 1, np.intp)  # the node of scikit-learn's tree at each place
    for place in range(2 * inner + 1):
        node = at[place]
        if place >= inner:
            leaf[place - inner] = tree.value[node, 0, 1] / tree.value[node, 0].sum()
            continue
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            left = right = node
        else:
            feature[place], threshold[place] = tree.feature[node], _not_above(tree.threshold[node])
        at[2 * place + 1], at[2 * place + 2] = left, right
    return feature, threshold, leaf


def _not_above(value: float) -> np.float32:
    """The largest float32 that is not above the value: float32 predictors compare with both in the same way."""
    nearest = np.float32(value)
    return nearest if nearest <= value else np.nextafter(nearest, np.float32(-np.inf))
