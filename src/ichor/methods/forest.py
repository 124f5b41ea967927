"""A random forest (Breiman, Machine Learning 45:5-32, 2001) as arrays: a package holds no pickled objects, and
predicting needs numpy only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig

FOREST = "forest.npz"
_LEAF = -1  # in scikit-learn's trees, the child of a leaf
_ROWS_AT_ONCE = 16_384  # so that they stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Forest:
    """T trees of at most N nodes each, which give the probability of the positive class.

    Attributes:
        feature: (T, N) the feature that a node compares.
        threshold: (T, N) the node's threshold.
        left, right: (T, N) the next node, if the feature is at most the threshold or above it; of a leaf, itself.
        probability: (T, N) of the positive class among the training examples of a node.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    probability: NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        features: NDArray[np.float32],
        truth: NDArray[np.bool_],
        *,
        trees: int,
        seed: int,
        least_in_leaf: int = 2,
        deepest: int | None = None,
        balanced: bool = True,
    ) -> Self:
        """Fit the trees to examples (E, F) and their classes (E,), which weigh the same in sum where `balanced`.

        Raises BadConfig if one class is missing.
        """
        if truth.all() or not truth.any():
            raise BadConfig(
                f"expected training examples of both classes, found {int(truth.sum())} of {len(truth)} positive"
            )
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(
            trees,
            class_weight="balanced" if balanced else None,
            min_samples_leaf=least_in_leaf,
            max_depth=deepest,
            random_state=seed,
        )
        grown = [tree.tree_ for tree in forest.fit(features, truth).estimators_]
        shape = (len(grown), max(tree.node_count for tree in grown))
        arrays = cls(*(np.zeros(shape, kind) for kind in (np.int32, np.float64, np.int32, np.int32, np.float32)))
        for k, tree in enumerate(grown):
            n = tree.node_count
            leaf, itself = tree.children_left == _LEAF, np.arange(n)
            arrays.feature[k, :n] = np.where(leaf, 0, tree.feature)
            arrays.threshold[k, :n] = np.where(leaf, 0, tree.threshold)
            arrays.left[k, :n] = np.where(leaf, itself, tree.children_left)
            arrays.right[k, :n] = np.where(leaf, itself, tree.children_right)
            arrays.probability[k, :n] = tree.value[:, 0, 1] / tree.value[:, 0].sum(axis=1)
        return arrays

    def probability_of(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(E,) the mean probability of the trees for examples (E, F)."""
        starts = range(0, len(features), _ROWS_AT_ONCE)
        parts = [self._of_rows(features[start : start + _ROWS_AT_ONCE]) for start in starts]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _of_rows(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        rows, total = np.arange(len(features)), np.zeros(len(features))
        for feature, threshold, left, right, probability in zip(
            self.feature, self.threshold, self.left, self.right, self.probability, strict=True
        ):
            node = np.zeros(len(features), np.int32)
            for _ in range(len(left)):  # a file that was tampered with may lead in circles
                further = np.where(features[rows, feature[node]] <= threshold[node], left[node], right[node])
                if np.array_equal(further, node):
                    break
                node = further
            total += probability[node]
        return np.asarray(total / len(self.feature), np.float32)

    def save(self, folder: Path) -> None:
        """Write forest.npz into a folder."""
        np.savez_compressed(folder / FOREST, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, folder: Path, n_features: int) -> Self:
        """Read the forest that `save` wrote. Raises BadConfig if there is none for so many features."""
        file = folder / FOREST
        try:
            with np.load(file, allow_pickle=False) as arrays:
                forest = cls(**{field.name: arrays[field.name] for field in fields(cls)})
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise BadConfig(f"{file}: expected a random forest, found {type(error).__name__}") from error
        trees, nodes = forest.feature.shape
        below = {"feature": n_features, "left": nodes, "right": nodes}
        for field in fields(cls):
            array = getattr(forest, field.name)
            most = below.get(field.name)
            if array.shape != (trees, nodes) or (most is not None and not ((array >= 0) & (array < most)).all()):
                raise BadConfig(f"{file}: expected a random forest over {n_features} features, found another")
        return forest
