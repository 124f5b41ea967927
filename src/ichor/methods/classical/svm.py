"""A linear support vector machine whose fitted form is a few numbers: predicting needs no scikit-learn."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ichor.methods.calibration import Calibration, expit, fit_calibration
from ichor.scan import FloatArray
from ichor.train.settings import Strict

FOLDS = 5


class LinearSvm(Strict):
    """Standardized features times weights plus a bias, as a probability after Platt 1999 (`methods.calibration`)."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    calibration: Calibration = Calibration()

    @classmethod
    def fit(cls, features: FloatArray, truth: ArrayLike, subjects: ArrayLike, *, c: float = 0.1) -> Self:
        """Fit to features (N, F) of cases of `truth` (N,) bool; both classes count the same, however many cases.

        The calibration is fitted to decisions by machines that have not seen the subject (N,). If only one class is
        there, the machine always answers with it.
        """
        truth = np.asarray(truth, bool)
        mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        standard = {"mean": tuple(mean.tolist()), "scale": tuple(scale.tolist())}
        if len(np.unique(truth)) < 2:
            return cls(**standard, weights=(0.0,) * len(mean), bias=10.0 if truth.any() else -10.0)
        from sklearn.model_selection import GroupKFold, cross_val_predict
        from sklearn.svm import SVC

        machine = SVC(kernel="linear", C=c, class_weight="balanced")
        scaled = (features - mean) / scale
        fitted = machine.fit(scaled, truth)
        calibration = Calibration()
        groups = _groups_with_both(truth, np.asarray(subjects))
        if groups is not None:
            split = GroupKFold(len(np.unique(groups)))
            decisions = cross_val_predict(machine, scaled, truth, groups=groups, cv=split, method="decision_function")
            calibration = fit_calibration(truth, expit(decisions))
        weights = tuple(fitted.coef_[0].tolist())
        return cls(**standard, weights=weights, bias=float(fitted.intercept_[0]), calibration=calibration)

    def decision(self, features: FloatArray) -> FloatArray:
        """(N,) the signed distance of features (N, F) from the border between the classes; the class is above 0."""
        scaled = (features - np.array(self.mean)) / np.array(self.scale)
        return np.asarray(scaled @ np.array(self.weights) + self.bias)

    def probability(self, features: FloatArray) -> FloatArray:
        """(N,) the probability of the class, for features (N, F): calibrated, so it knows how rare the class is."""
        return self.calibration.apply(expit(self.decision(features)))


def _groups_with_both(truth: NDArray[np.bool_], subjects: NDArray[np.generic]) -> NDArray[np.intp] | None:
    """(N,) subjects in `FOLDS` groups, each of which can be left out without losing a class; None if there are too few.

    Subjects with cases of the class and those without are dealt out in turn.
    """
    names = np.unique(subjects)
    with_class = np.array([bool(truth[subjects == name].any()) for name in names])
    group = {name: k % FOLDS for kind in (True, False) for k, name in enumerate(names[with_class == kind])}
    groups = np.array([group[name] for name in subjects], np.intp)
    left = [np.unique(truth[groups != one]).size for one in np.unique(groups)]
    return groups if len(left) == FOLDS and min(left) == 2 else None
