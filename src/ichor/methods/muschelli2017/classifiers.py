"""The paper's four classifiers of voxels (section 2.6), by name."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ichor.methods.muschelli2017.additive import Additive, Fit
from ichor.methods.muschelli2017.forest import Forest

VoxelClassifier = Additive | Forest


class Classifier(StrEnum):
    """Which of them."""

    LOGISTIC = "lr"
    LASSO = "lasso"
    ADDITIVE = "gam"
    FOREST = "rf"


def fit_classifier(
    classifier: Classifier, x: NDArray[np.float32], truth: NDArray[np.bool_], seed: int
) -> VoxelClassifier:
    """Fit it to predictors (N, F) of voxels of `truth` (N,). Raises ValueError if one class is missing."""
    return Forest.fit(x, truth, seed) if classifier is Classifier.FOREST else Additive.fit(x, truth, Fit(classifier))
