"""Compares runs pairwise on the subjects that both were tested on.

A difference is tested by a paired bootstrap over subjects (Efron and Tibshirani 1993, chapter 16): p is twice the share
of 1000 resamples in which the difference does not have its more frequent sign. The subjects' Dice is also compared by
Wilcoxon's signed-rank test (1945). No p is corrected for multiple comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from ichor.dataset.base import Dataset
from ichor.errors import BadConfig
from ichor.evaluate.intervals import RESAMPLES, Sampled
from ichor.evaluate.metrics import sampled_metrics
from ichor.evaluate.paired import sampled_difference, signed_rank_p
from ichor.evaluate.results import SubjectResult
from ichor.evaluate.segmentation_metrics import subject_overlaps
from ichor.runs.evaluate import check_data, results_in
from ichor.runs.files import read_metrics

# What is compared: keys in metrics.json.
MAIN_FIGURES = (
    ("dice", "paper_average"),
    ("jaccard", "paper_average"),
    ("dice", "pooled"),
    ("dice", "per_scan_3d"),
    ("surface", "surface_dice_2mm"),
    ("volume", "absolute_error_ml"),
    ("lesion", "sensitivity"),
    ("lesion", "precision"),
    ("lesion", "false_per_scan"),
    ("slice", "auc"),
    ("slice", "average_precision"),
    ("slice", "sensitivity"),
    ("slice", "specificity"),
    ("slice", "specificity_at_sensitivity_97"),
    ("slice", "brier"),
    ("scan", "auc"),
    ("scan", "sensitivity"),
    ("scan", "specificity"),
    ("false_positive_ml", "p95"),
)


_UNDEFINED = Sampled(np.full(1 + RESAMPLES, np.nan), 0)


class ComparedRun:
    """A run's results, and its name in a comparison."""

    def __init__(self, name: str, metrics: Mapping[str, Any], results: Sequence[SubjectResult]) -> None:
        self.name, self.metrics, self.results = name, metrics, results
        self._sampled: dict[tuple[str, ...], dict[str, Sampled]] = {}

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The subjects that the run was tested on, in order."""
        return tuple(r.subject for r in self.results)

    def on(self, subjects: tuple[str, ...]) -> list[SubjectResult]:
        """The run's results for these subjects."""
        return [r for r in self.results if r.subject in subjects]

    def own_figures(self) -> dict[str, Any]:
        """MAIN_FIGURES on all its subjects, as JSON; without masks, those that need them are as in metrics.json."""
        found = {name: figure.as_json() for name, figure in self.figures(self.subjects).items()}
        kept = {f"{group}.{key}": (self.metrics.get(group) or {}).get(key) for group, key in MAIN_FIGURES}
        return {name: (kept[name] or one) if one["value"] is None else one for name, one in found.items()}

    def figures(self, subjects: tuple[str, ...]) -> dict[str, Sampled]:
        """MAIN_FIGURES on these subjects, by their keys joined by dots."""
        if subjects not in self._sampled:
            tree = sampled_metrics(self.on(subjects))
            self._sampled[subjects] = {
                f"{group}.{key}": (tree[group] or {}).get(key) or _UNDEFINED for group, key in MAIN_FIGURES
            }
        return self._sampled[subjects]


def compare(folders: Sequence[Path], dataset: Dataset) -> dict[str, Any]:
    """Compute the main metrics of runs, and their pairwise differences, from their scores, their masks and `dataset`.

    Returns {"data": {"fingerprint"}, "runs": [{"name", "experiment", "folds", "reduced", "n_subjects", "n_slices",
    "figures"}], "pairs": [{"first", "second", "n_subjects", "differences", "wilcoxon_dice"}]}: a difference is the
    second run's metric minus the first's, as {"value", "ci95", "p", "n"} with n subjects. Raises BadConfig for fewer
    than two folders, for a folder given twice, and as `evaluate_folder` does.
    """
    if len(folders) < 2:
        raise BadConfig(f"expected two results folders or more to compare, found {len(folders)}")
    runs = [_run(folder, name, dataset) for folder, name in zip(folders, _names(folders), strict=True)]
    return {
        "data": {"fingerprint": dataset.fingerprint},
        "runs": [_described(run) for run in runs],
        "pairs": [_pair(first, second) for first, second in combinations(runs, 2)],
    }


def _names(folders: Sequence[Path]) -> list[str]:
    """The name of each folder, or its full path if two have the same name."""
    places = [folder.resolve() for folder in folders]
    for place, folder in zip(places, folders, strict=True):
        if places.count(place) > 1:
            raise BadConfig(f"{folder}: expected each results folder once, found it twice")
    names = [place.name for place in places]
    return [str(f) if names.count(name) > 1 else name for f, name in zip(folders, names, strict=True)]


def _run(folder: Path, name: str, dataset: Dataset) -> ComparedRun:
    metrics = read_metrics(folder)
    check_data(folder, metrics, dataset)
    return ComparedRun(name, metrics, results_in(folder, dataset))


def _described(run: ComparedRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "experiment": run.metrics.get("experiment"),
        "folds": run.metrics.get("folds"),
        "reduced": bool((run.metrics.get("made_by") or {}).get("reduced")),
        "n_subjects": len(run.subjects),
        "n_slices": sum(len(r.positive) for r in run.results),
        "figures": run.own_figures(),
    }


def _pair(first: ComparedRun, second: ComparedRun) -> dict[str, Any]:
    shared = tuple(subject for subject in first.subjects if subject in second.subjects)
    pair = {"first": first.name, "second": second.name, "n_subjects": len(shared)}
    if not shared:
        return {**pair, "differences": {}, "wilcoxon_dice": None}
    ours, theirs = first.figures(shared), second.figures(shared)
    return {
        **pair,
        "differences": {key: _difference(ours[key], theirs[key], len(shared)) for key in ours},
        "wilcoxon_dice": _wilcoxon(first.on(shared), second.on(shared)),
    }


def _difference(first: Sampled, second: Sampled, n: int) -> dict[str, Any]:
    """The second minus the first, with p."""
    found = sampled_difference(first, second, n)
    return {"value": found.value, "ci95": None if found.ci95 is None else list(found.ci95), "p": found.p, "n": n}


def _wilcoxon(first: Sequence[SubjectResult], second: Sequence[SubjectResult]) -> dict[str, Any]:
    """{"median_difference", "p", "n"} of the Dice of n subjects, each averaged over slices as in the paper."""
    difference = subject_overlaps(second)[0] - subject_overlaps(first)[0]
    difference = difference[~np.isnan(difference)]
    if not difference.size:
        return {"median_difference": None, "p": None, "n": 0}
    p = round(signed_rank_p(difference), 6)
    return {"median_difference": round(float(np.median(difference)), 6), "p": p, "n": int(difference.size)}
