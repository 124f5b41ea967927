"""Additive logistic models: logistic regression, the LASSO and a generalized additive model, as piecewise linear terms.

All three have one fitted form: for each predictor a function that is linear between knots. Predicting needs numpy
only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.methods.calibration import expit
from ichor.scan import FloatArray
from ichor.train.settings import Strict

PENALTIES, LASSO_FOLDS = (0.001, 0.01, 0.1, 1.0), 3
KNOTS = 7  # of the terms of a generalized additive model, at quantiles of the predictor
TAILS = (0.01, 0.99)  # quantiles beyond which a predictor is cut off (winsorized)


class Fit(StrEnum):
    """How the model is fitted."""

    LOGISTIC = "lr"
    LASSO = "lasso"
    ADDITIVE = "gam"


class Additive(Strict):
    """The log odds: `bias` plus, for each predictor, its term at the predictor's value; constant beyond the knots."""

    knots: tuple[tuple[float, ...], ...]
    terms: tuple[tuple[float, ...], ...]
    bias: float

    @classmethod
    def fit(cls, x: NDArray[np.floating], truth: NDArray[np.bool_], how: Fit) -> Self:
        """Fit to predictors (N, F) of voxels of `truth` (N,). Raises BadConfig if one class is missing."""
        if np.unique(truth).size < 2:
            raise BadConfig(
                f"expected training examples of both classes, found {int(truth.sum())} of {len(truth)} positive"
            )
        from sklearn.linear_model import LogisticRegression

        shares = np.linspace(*TAILS, KNOTS if how is Fit.ADDITIVE else 2)
        knots = [_rising(np.quantile(column, shares)) for column in np.asarray(x, np.float64).T]
        basis = np.concatenate([_hats(column, at)[:, 1:] for column, at in zip(x.T, knots, strict=True)], axis=1)
        model = _lasso(basis, truth) if how is Fit.LASSO else LogisticRegression(C=10.0, max_iter=500)
        fitted = model.fit(basis, truth)
        steps = np.split(fitted.coef_[0], np.cumsum([len(at) - 1 for at in knots])[:-1])
        return cls(
            knots=tuple(tuple(at.tolist()) for at in knots),
            terms=tuple((0.0, *one.tolist()) for one in steps),
            bias=float(fitted.intercept_[0]),
        )

    def probability_of(self, x: NDArray[np.floating]) -> FloatArray:
        """(N,) the probability for predictors (N, F)."""
        odds = np.full(len(x), self.bias)
        for column, knots, term in zip(x.T, self.knots, self.terms, strict=True):
            odds += np.interp(column, knots, term)
        return expit(odds)


def _lasso(basis: FloatArray, truth: NDArray[np.bool_]) -> Any:
    """The LASSO with the penalty of the best likelihood in cross-validation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    folds = min(LASSO_FOLDS, int(truth.sum()), int((~truth).sum()))
    models = [LogisticRegression(C=c, l1_ratio=1.0, solver="liblinear", random_state=0) for c in PENALTIES]
    if folds < 2:
        return models[-1]
    split = StratifiedKFold(folds, shuffle=True, random_state=0)
    scores = [cross_val_score(one, basis, truth, cv=split, scoring="neg_log_loss").mean() for one in models]
    return models[int(np.argmax(scores))]


def _rising(knots: FloatArray) -> FloatArray:
    """The distinct knots, two at least."""
    distinct = np.unique(knots)
    return distinct if distinct.size > 1 else np.array([distinct[0], distinct[0] + 1])


def _hats(values: NDArray[np.floating], knots: FloatArray) -> FloatArray:
    """(N, knots) the linear B-splines: each is 1 at its knot and 0 at all others."""
    return np.stack([np.interp(values, knots, one) for one in np.eye(len(knots))], axis=1)
