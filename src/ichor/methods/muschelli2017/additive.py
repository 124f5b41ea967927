"""Additive logistic models: logistic regression, the LASSO and a generalized additive model, as piecewise linear terms.

All three have one fitted form: for each predictor a function that is linear between knots. Predicting needs numpy only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.methods.calibration import expit
from ichor.methods.muschelli2017.gam import fit_splines
from ichor.scan import FloatArray
from ichor.train.settings import Strict

PENALTIES, LASSO_FOLDS = (0.001, 0.01, 0.1, 1.0), 3
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
        low, high = np.quantile(np.asarray(x, np.float64), TAILS, axis=0)
        if how is Fit.ADDITIVE:
            knots, terms, bias = fit_splines(x, truth, low, high)
        else:
            knots, terms, bias = _fit_lines(x, truth, low, high, how)
        return cls(
            knots=tuple(tuple(one.tolist()) for one in knots),
            terms=tuple(tuple(one.tolist()) for one in terms),
            bias=bias,
        )

    def probability_of(self, x: NDArray[np.floating]) -> FloatArray:
        """(N,) the probability for predictors (N, F)."""
        odds = np.full(len(x), self.bias)
        for column, knots, term in zip(x.T, self.knots, self.terms, strict=True):
            odds += np.interp(column, knots, term)
        return expit(odds)


def _fit_lines(
    x: NDArray[np.floating], truth: NDArray[np.bool_], low: FloatArray, high: FloatArray, how: Fit
) -> tuple[list[FloatArray], list[FloatArray], float]:
    """Logistic regression on predictors cut off at `low` and `high`, both (F,): knots, terms and the constant."""
    from sklearn.linear_model import LogisticRegression

    high = np.where(high > low, high, low + 1)
    unit = np.clip((x - low) / (high - low), 0, 1)
    model = _lasso(unit, truth) if how is Fit.LASSO else LogisticRegression(C=10.0, max_iter=500)
    fitted = model.fit(unit, truth)
    terms = [np.array([0.0, one]) for one in fitted.coef_[0]]
    return list(np.stack([low, high], axis=1)), terms, float(fitted.intercept_[0])


def _lasso(unit: FloatArray, truth: NDArray[np.bool_]) -> Any:
    """The LASSO with the penalty of the best likelihood in cross-validation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    folds = min(LASSO_FOLDS, int(truth.sum()), int((~truth).sum()))
    models = [LogisticRegression(C=c, l1_ratio=1.0, solver="liblinear", random_state=0) for c in PENALTIES]
    if folds < 2:
        return models[-1]
    split = StratifiedKFold(folds, shuffle=True, random_state=0)
    scores = [cross_val_score(one, unit, truth, cv=split, scoring="neg_log_loss").mean() for one in models]
    return models[int(np.argmax(scores))]
