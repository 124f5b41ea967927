"""A random forest (Breiman 2001) as arrays, so that a package holds it without pickled objects."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig

FOREST = "forest.npz"
_LEAF = -1


@dataclass(frozen=True, eq=False)
class Forest:
    """T trees of at most N nodes each, which give the probability of the positive class.

    Attributes:
        feature: (T, N) the feature that a node compares; -1 in a leaf.
        threshold: (T, N) the node's threshold.
        left, right: (T, N) the next node, if the feature is at most the threshold or above it.
        probability: (T, N) of the positive class among the training examples of a node.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    probability: NDArray[np.float32]

    @classmethod
    def fit(cls, features: NDArray[np.float32], truth: NDArray[np.bool_], *, trees: int, seed: int) -> Self:
        """Fit the trees to examples (E, F) and their classes (E,), which weigh the same in sum.

        Raises BadConfig if one class is missing.
        """
        if truth.all() or not truth.any():
            raise BadConfig(
                f"expected scans with and without hemorrhage, found {int(truth.sum())} of {len(truth)} with"
            )
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(trees, class_weight="balanced", min_samples_leaf=2, random_state=seed)
        grown = [tree.tree_ for tree in forest.fit(features, truth).estimators_]
        shape = (len(grown), max(tree.node_count for tree in grown))
        made = cls(
            feature=np.full(shape, _LEAF, np.int32),
            threshold=np.zeros(shape, np.float64),
            left=np.zeros(shape, np.int32),
            right=np.zeros(shape, np.int32),
            probability=np.zeros(shape, np.float32),
        )
        for k, tree in enumerate(grown):
            n = tree.node_count
            leaf = tree.children_left == _LEAF
            made.feature[k, :n] = np.where(leaf, _LEAF, tree.feature)
            made.threshold[k, :n] = np.where(leaf, 0, tree.threshold)
            made.left[k, :n], made.right[k, :n] = tree.children_left, tree.children_right
            share = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
            made.probability[k, :n] = share[:, 1]
        return made

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(E,) the mean probability of the trees for examples (E, F)."""
        trees = np.arange(len(self.feature))
        node = np.zeros((len(features), len(trees)), np.int64)
        while (inner := self.feature[trees, node] != _LEAF).any():
            value = np.take_along_axis(features, np.maximum(self.feature[trees, node], 0), axis=1)
            further = np.where(value <= self.threshold[trees, node], self.left[trees, node], self.right[trees, node])
            node = np.where(inner, further, node)
        return np.asarray(self.probability[trees, node].mean(axis=1), np.float32)

    def save(self, folder: Path) -> None:
        """Write forest.npz into a folder."""
        np.savez_compressed(folder / FOREST, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the forest that `save` wrote. Raises BadConfig if there is none."""
        file = folder / FOREST
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return cls(**{field.name: arrays[field.name] for field in fields(cls)})
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise BadConfig(f"{file}: expected a random forest, found {type(error).__name__}") from error
