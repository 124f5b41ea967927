"""Ranks variants for each outer fold by predictions inside its training folds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ichor.evaluate.detection import roc_curve
from studies.recipe.inner import Rows
from studies.robustness.figures import ConditionFigures, Row

SENSITIVITY = 0.97


def score(rows: Rows, excluded: Collection[str] = ()) -> dict[str, float]:
    """What variants are ranked by, and its parts.

    `score` is the mean over the conditions, of which the calibrated prediction is one, of four figures with equal
    weights: Dice (paper's average), slice AUC, scan AUC, and the specificity at 97 % slice sensitivity. It was fixed
    before any variant was trained.
    """
    parts: dict[str, list[float]] = {}
    for condition in next(iter(rows.values())):
        of = {subject: row[condition] for subject, row in rows.items()}
        figures = ConditionFigures(of, excluded=excluded).figures
        here = {name: figures[name].value for name in ("dice", "slice_auc", "scan_auc")}
        here["specificity_at_97"] = _specificity(of)
        for name, value in here.items():
            parts.setdefault(name, []).append(value)
        parts[f"dice {condition}"], parts[f"slice_auc {condition}"] = [here["dice"]], [here["slice_auc"]]
    means = {name: float(np.nanmean(values)) for name, values in parts.items()}
    shares = [means[name] for name in ("dice", "slice_auc", "scan_auc", "specificity_at_97")]
    return {"score": float(np.mean(shares)), **means}


def less(rows: Rows, others: Rows, excluded: Collection[str] = ()) -> dict[str, Any]:
    """Dice and slice AUC, unchanged scans, minus those of another variant, paired by subject, with intervals."""
    first, second = (
        ConditionFigures({s: row["unchanged"] for s, row in of.items()}, excluded=excluded) for of in (rows, others)
    )
    return first.less(second)


def ranking(of_variants: Mapping[str, Mapping[int, Rows]], excluded: Collection[str] = ()) -> dict[str, Any]:
    """For each outer fold, the variants from the best; `of_variants` has the rows of each variant by outer fold.

    `chosen` is the first for each fold, by which the fold may be trained without any knowledge of its test block.
    `mean` is the mean score over the outer folds: a recipe chosen by it has seen every subject in the inner blocks of
    other folds, though never the test predictions of its own.
    """
    baseline = next(iter(of_variants))
    scores = {
        name: {outer: score(rows, excluded) for outer, rows in folds.items()} for name, folds in of_variants.items()
    }
    outers = list(of_variants[baseline])
    by_fold = {outer: sorted(scores, key=lambda name: -scores[name][outer]["score"]) for outer in outers}
    return {
        "baseline": baseline,
        "scores": {name: {str(outer): parts for outer, parts in folds.items()} for name, folds in scores.items()},
        "mean": {name: float(np.mean([parts["score"] for parts in folds.values()])) for name, folds in scores.items()},
        "less_baseline": {
            name: {str(outer): less(rows, of_variants[baseline][outer], excluded) for outer, rows in folds.items()}
            for name, folds in of_variants.items()
            if name != baseline
        },
        "by_fold": {str(outer): names for outer, names in by_fold.items()},
        "chosen": {str(outer): names[0] for outer, names in by_fold.items()},
    }


def _specificity(rows: Mapping[str, Row]) -> float:
    truth, scores = (
        np.concatenate([np.asarray(row[key]) for row in rows.values()]) for key in ("positive", "slice_probability")
    )
    truth = truth.astype(bool)
    if truth.all() or not truth.any():
        return float("nan")
    return float(roc_curve(truth, scores).specificity_at(SENSITIVITY)[0])


def order(names: Sequence[str], mean: Mapping[str, float]) -> list[str]:
    """Names by their mean score, the best first."""
    return sorted(names, key=lambda name: -mean[name])
