"""Computes the figures of the study from a run, and writes the page."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.base import Dataset
from ichor.errors import BadConfig
from ichor.experiments.crossed import MODEL
from ichor.experiments.fold import fold_folder, kept_file
from ichor.methods import load_model
from ichor.methods.unet_slices.method import UNetSlices
from ichor.runs.files import read_metrics
from ichor.runs.kept import read_raw
from ichor.runs.predictions import read_predictions
from studies.detection_limits.counts import MaskCounts
from studies.detection_limits.influence import Missed, SubjectScores, missed_subject
from studies.detection_limits.page import page

THRESHOLDS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002)


def analyze(run: Path, dataset: Dataset, out: Path) -> None:
    """Write README.md and detection.json into `out`.

    Raises BadConfig if the run lacks scores or raw outputs, or has fewer than two scans with or without hemorrhage.
    """
    predictions = read_predictions(run, dataset)
    positive = [dataset.truth(subject).has_hemorrhage is True for subject in predictions]
    if min(sum(positive), len(positive) - sum(positive)) < 2:  # each subject is left out once
        raise BadConfig(
            f"{run}: expected at least two scans with and two without hemorrhage, found {sum(positive)} with "
            f"and {len(positive) - sum(positive)} without"
        )
    scores: dict[str, SubjectScores] = {}
    missed: list[Missed] = []
    points: dict[str, MaskCounts] = {}
    at_thresholds = {threshold: MaskCounts() for threshold in THRESHOLDS}
    with progress(len(predictions)) as done:
        for case in dataset.cases(list(predictions)):
            prediction = predictions.of(case)
            scores[case.subject] = SubjectScores(
                case.positive, prediction.slice_probability, prediction.scan_probability
            )
            if (one := missed_subject(case, prediction)) is not None:
                missed.append(one)
            probability = read_raw(kept_file(run, prediction.fold, case.subject)).voxels["probability"].probability()
            method = _model(run, prediction.fold)
            assert method.parameters is not None
            for point, threshold in method.parameters.operating_points.items():
                in_use = point == method.parameters.operating_point
                mask = prediction.outline() if in_use else method.mask_at(probability, threshold)
                points.setdefault(point, MaskCounts()).add(case, mask)
            for threshold, marked in at_thresholds.items():
                marked.add(case, probability >= threshold)
            done(case.subject)
    missed.sort(key=lambda one: one.subject)
    out.mkdir(parents=True, exist_ok=True)
    result = {
        "missed": [asdict(one) for one in missed],
        "operating_points": [{"name": point, **marked.figures()} for point, marked in points.items()],
        "thresholds": [{"threshold": threshold, **marked.figures()} for threshold, marked in at_thresholds.items()],
    }
    write_whole(out / "detection.json", json.dumps(result, indent=1) + "\n")
    write_whole(out / "README.md", page(read_metrics(run), scores, missed, points, at_thresholds))


@cache
def _model(run: Path, fold: int) -> UNetSlices:
    method = load_model(fold_folder(run, fold) / MODEL).method
    if not isinstance(method, UNetSlices) or method.parameters is None or not method.parameters.operating_points:
        raise BadConfig(f"{run}: expected models with operating points, found {method.name} without any, fold {fold}")
    return method
