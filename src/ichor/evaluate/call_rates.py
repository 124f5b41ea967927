"""Sensitivity, specificity and accuracy of calls on slices or scans, with three ways of averaging them.

The published rates were averaged over folds or over subjects; neither paper nor code says which. When pooled, all
slices count equally; averaged by subject or by fold, all subjects or folds do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ichor.evaluate.intervals import Sampled, Sampling
from ichor.scan import FloatArray


@dataclass(frozen=True, eq=False)
class Rate:
    """The share of cases that were called correctly, as two counts for each subject.

    Attributes:
        right: (subjects,) the number of correct calls.
        cases: (subjects,) the number of cases.
    """

    right: FloatArray
    cases: FloatArray

    @property
    def of_subjects(self) -> FloatArray:
        """(subjects,) the rate of each subject; nan without such a case."""
        return np.where(self.cases > 0, self.right / np.maximum(self.cases, 1), np.nan)

    def pooled(self, sampling: Sampling) -> Sampled:
        """Over all cases at once."""
        return Sampled(sampling.ratio(self.right, self.cases), int(self.cases.sum()))

    def per_subject(self, sampling: Sampling) -> Sampled:
        """The mean of the rates of the subjects that have such a case."""
        return sampling.mean(self.of_subjects)

    def per_fold(self, folds: Sequence[int], sampling: Sampling) -> Sampled:
        """The mean of the folds' pooled rates; `folds` has each subject's. Not defined if a fold has no such case."""
        inside = [np.asarray(folds) == fold for fold in sorted(set(folds))]
        values = [sampling.ratio(self.right * one, self.cases * one) for one in inside]
        return Sampled(np.mean(values, axis=0), len(inside))


def call_rates(truth: ArrayLike, called: ArrayLike, subject: ArrayLike, n_subjects: int) -> dict[str, Rate]:
    """The rates of N calls: truth and called (N,) bool, and the index of each case's subject."""
    truth, called, subject = np.asarray(truth, bool), np.asarray(called, bool), np.asarray(subject)

    def rate(right: NDArray[np.bool_], among: NDArray[np.bool_]) -> Rate:
        counts = [np.bincount(subject[each], minlength=n_subjects) for each in (right & among, among)]
        return Rate(*(each.astype(np.float64) for each in counts))

    return {
        "sensitivity": rate(called, truth),
        "specificity": rate(~called, ~truth),
        "accuracy": rate(called == truth, np.ones_like(truth)),
    }
