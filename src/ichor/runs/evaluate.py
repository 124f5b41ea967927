"""Computes all metrics from a folder's scores and masks and the dataset, without running any method.

Surface and lesion metrics need the masks themselves. If a folder keeps none, these metrics are kept as they are in
metrics.json; all others follow from the pixel counts in scores.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from ichor.dataset.base import Dataset
from ichor.dataset.known import known_dataset
from ichor.errors import BadConfig
from ichor.evaluate.extent_metrics import OF_MASKS
from ichor.evaluate.metrics import metrics_of
from ichor.evaluate.results import SubjectResult, result_of
from ichor.evaluate.verdict import verdict_rule
from ichor.models.verdict import write_verdict_rule
from ichor.runs.files import METRICS, read_metrics, write_metrics
from ichor.runs.predictions import Predictions, read_predictions

# The keys of metrics.json that describe how a result was made; everything else in it is computed.
HEADER = ("experiment", "config", "folds", "made_by")


def evaluate_folder(folder: Path, dataset: Dataset, header: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Compute all figures of the predictions in `folder`, write metrics.json there and return them.

    verdict.json is written too, if its thresholds can be chosen. `header` gives HEADER's keys, which describe how the
    result was made; if None it is taken from the folder's metrics.json. Raises BadConfig if a file is missing or does
    not fit, or if the result is from another dataset.
    """
    if header is None:
        header = header_in(folder, dataset)
    predictions = read_predictions(folder, dataset)
    kept = {} if predictions.has_masks else _of_masks(folder)
    results = _results(predictions, dataset)
    data = {
        "fingerprint": dataset.fingerprint,
        "n_subjects": len(results),
        "n_slices": sum(len(r.positive) for r in results),
        **({} if known_dataset(dataset.fingerprint) else {"title": dataset.facts.title}),
    }
    metrics = {
        "experiment": header["experiment"],
        "config": header["config"],
        "data": data,
        "folds": header["folds"],
        **metrics_of(results),
        **kept,
        "made_by": header["made_by"],
    }
    write_verdict_rule(folder, verdict_rule(results))
    write_metrics(folder, metrics)
    return metrics


def results_in(folder: Path, dataset: Dataset) -> list[SubjectResult]:
    """The results of all subjects predicted in `folder`, sorted by name."""
    return _results(read_predictions(folder, dataset), dataset)


def _of_masks(folder: Path) -> dict[str, Any]:
    """The metrics in `folder` that need masks; null if there are none."""
    found = read_metrics(folder) if (folder / METRICS).exists() else {}
    return {name: found.get(name) for name in OF_MASKS}


def _results(predictions: Predictions, dataset: Dataset) -> list[SubjectResult]:
    results = []
    for subject in track(sorted(predictions), "evaluating", console=Console(stderr=True), transient=True):
        case, age = dataset.truth(subject), dataset.age_years(subject)
        results.append(result_of(case, predictions.of(case), age_years=age))
    return results


def check_data(folder: Path, metrics: Mapping[str, Any], dataset: Dataset) -> None:
    """Raise BadConfig if the metrics in `folder` are from other data than `dataset`."""
    found = str(metrics.get("data", {}).get("fingerprint"))
    if found != dataset.fingerprint:
        raise BadConfig(
            f"{folder / METRICS}: expected a result on the data in {dataset.root}, {dataset.fingerprint[:12]}, "
            f"found one on {found[:12]}"
        )


def header_in(folder: Path, dataset: Dataset) -> dict[str, Any]:
    """How the result in `folder` was made: HEADER's keys of its metrics.json.

    Raises BadConfig if keys are missing or the result is from another dataset.
    """
    metrics = read_metrics(folder)
    missing = [key for key in HEADER if key not in metrics]
    if missing:
        raise BadConfig(f"{folder / METRICS}: expected {', '.join(HEADER)}, found no {', '.join(missing)}")
    check_data(folder, metrics, dataset)
    return {key: metrics[key] for key in HEADER}
