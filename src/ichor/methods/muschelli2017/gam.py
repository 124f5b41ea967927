"""A generalized additive model of logistic regression: a penalized cubic spline for each predictor.

Wood, "Generalized Additive Models" (2nd ed., 2017), as the paper fits it in R; here with statsmodels. One penalty on
the second derivative of all splines is chosen by cross-validation. The fitted splines are tabulated, so that predicting
needs numpy only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.imports import require_extra
from ichor.scan import FloatArray

BASIS, DEGREE = 8, 3  # of each spline
PENALTIES = (0.01, 1.0, 100.0)
FOLDS, FOR_PENALTY = 3, 15_000  # cross-validation, on so many of the examples
TABULATED = 33  # values of each fitted spline
DIGITS = 5  # of these, after the point: finer than the data determine
DOUBT = 1e-3  # in each label: statsmodels refuses examples that can be separated without error


def fit_splines(
    x: NDArray[np.floating], truth: NDArray[np.bool_], low: FloatArray, high: FloatArray
) -> tuple[list[FloatArray], list[FloatArray], float]:
    """Fit to predictors (N, F) of voxels of `truth` (N,); each spline is constant beyond `low` and `high`, both (F,).

    Returns for each predictor the values at which its spline is tabulated and the log odds there, and the constant.
    Raises BadConfig without statsmodels.
    """
    require_extra("literature", "statsmodels", used_by="muschelli2017-gam", error=BadConfig)
    varies = np.flatnonzero(high > low)
    unit = np.clip((np.asarray(x, np.float64)[:, varies] - low[varies]) / (high - low)[varies], 0, 1)
    fitted, smoother = _fitted(unit, truth, _best_penalty(unit, truth))
    at = np.linspace(0, 1, TABULATED)
    knots: list[FloatArray] = [np.array([one, one + 1]) for one in low]
    terms: list[FloatArray] = [np.zeros(2) for _ in low]
    for which, (one, columns) in zip(varies, zip(smoother.smoothers, _columns(smoother), strict=True), strict=True):
        knots[which] = np.round(low[which] + at * (high - low)[which], DIGITS)
        terms[which] = np.round(one.transform(at) @ fitted[1:][columns], DIGITS)
    return knots, terms, float(fitted[0])


def _best_penalty(unit: FloatArray, truth: NDArray[np.bool_]) -> float:
    """The penalty of the best likelihood in cross-validation."""
    from sklearn.metrics import log_loss
    from sklearn.model_selection import StratifiedKFold

    few = np.random.default_rng(0).permutation(len(unit))[:FOR_PENALTY]
    unit, truth = unit[few], truth[few]
    folds = min(FOLDS, int(truth.sum()), int((~truth).sum()))
    if folds < 2:
        return PENALTIES[-1]
    losses = dict.fromkeys(PENALTIES, 0.0)
    for inside, outside in StratifiedKFold(folds, shuffle=True, random_state=0).split(unit, truth):
        for penalty in PENALTIES:
            fitted, smoother = _fitted(unit[inside], truth[inside], penalty)
            odds = fitted[0] + smoother.transform(unit[outside]) @ fitted[1:]
            losses[penalty] += float(log_loss(truth[outside], 1 / (1 + np.exp(-odds)), labels=[False, True]))
    return min(PENALTIES, key=losses.__getitem__)


def _fitted(unit: FloatArray, truth: NDArray[np.bool_], penalty: float) -> tuple[FloatArray, Any]:
    """The constant and the weights of all splines, and the splines; predictors (N, F) are from 0 to 1."""
    from statsmodels.gam.api import BSplines, GLMGam
    from statsmodels.genmod.families import Binomial

    n = unit.shape[1]
    within = [{"lower_bound": 0.0, "upper_bound": 1.0}] * n
    smoother = BSplines(unit, df=[BASIS] * n, degree=[DEGREE] * n, knot_kwds=within)
    model = GLMGam(
        np.where(truth, 1 - DOUBT, DOUBT),
        exog=np.ones((len(unit), 1)),
        smoother=smoother,
        alpha=[penalty] * n,
        family=Binomial(),
    )
    return np.asarray(model.fit(maxiter=50).params), smoother


def _columns(smoother: Any) -> list[slice]:
    """Where the weights of each spline are among those of all."""
    ends = np.cumsum([one.dim_basis for one in smoother.smoothers])
    return [slice(int(end - one.dim_basis), int(end)) for one, end in zip(smoother.smoothers, ends, strict=True)]
