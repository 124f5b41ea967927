"""The paper's four classifiers of voxels (section 2.6), by name."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ichor.methods.forest import Forest
from ichor.methods.muschelli2017.additive import Additive, Fit

VoxelClassifier = Additive | Forest
TREES, DEEPEST, LEAST_IN_LEAF = 50, 10, 20  # of the forest


class Classifier(StrEnum):
    """Which of them."""

    LOGISTIC = "lr"
    LASSO = "lasso"
    ADDITIVE = "gam"
    FOREST = "rf"


def fit_classifier(
    classifier: Classifier, x: NDArray[np.float32], truth: NDArray[np.bool_], seed: int
) -> VoxelClassifier:
    """Fit it to predictors (N, F) of voxels of `truth` (N,). Raises BadConfig if one class is missing."""
    if classifier is not Classifier.FOREST:
        return Additive.fit(x, truth, Fit(classifier))
    return Forest.fit(x, truth, trees=TREES, seed=seed, least_in_leaf=LEAST_IN_LEAF, deepest=DEEPEST, balanced=False)
