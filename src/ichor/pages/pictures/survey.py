"""One pass over all subjects that collects the data for figures and the findings to choose pictures from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.progress import track

from ichor.dataset.base import Dataset
from ichor.evaluate.prediction import Prediction
from ichor.evaluate.results import SubjectResult, result_of
from ichor.pages.pictures.findings import Finding, findings_of
from ichor.pages.pictures.views import Views


@dataclass(frozen=True, eq=False)
class Survey:
    """The outcome of one pass over the subjects of a run.

    Attributes:
        results: of each subject.
        findings: of all slices of all subjects.
    """

    results: tuple[SubjectResult, ...]
    findings: tuple[Finding, ...]

    @property
    def bleeding(self) -> tuple[SubjectResult, ...]:
        """The subjects whose Dice counts: with hemorrhage, and not excluded from overlap."""
        return tuple(r for r in self.results if r.counts_in_overlap)

    @property
    def excluded(self) -> frozenset[str]:
        """The subjects that the dataset excludes from overlap."""
        return frozenset(r.subject for r in self.results if r.excluded_from_overlap)

    @property
    def dice(self) -> dict[str, float]:
        """The Dice of each of these as in the paper, the mean over slices with hemorrhage."""
        return {r.subject: float(np.mean(r.overlaps.dice[r.overlaps.positive])) for r in self.bleeding}


def survey(dataset: Dataset, predictions: Mapping[str, Prediction]) -> Survey:
    """Go through the predictions of all subjects once, without keeping them in memory."""
    results, findings = [], []
    for subject in track(list(predictions), "drawing", console=Console(stderr=True), transient=True):
        prediction, case = predictions[subject], dataset.case(subject)
        age_years = dataset.age_years(case.subject)
        # No figure shows surfaces.
        results.append(result_of(case, prediction, age_years=age_years, surfaces=False))
        if prediction.mask is not None:
            findings += findings_of(Views(case, prediction.mask))
    return Survey(tuple(results), tuple(findings))
