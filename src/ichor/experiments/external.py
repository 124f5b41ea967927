"""Evaluates a model package on a dataset that it was never trained on.

OUT/config.yaml, data.json    the package and the dataset
OUT/fold-1/out-of-fold/SUBJECT.npz    the prediction of each subject, as in a run (see fold.py)
OUT/README.md, metrics.json, masks.json.gz, scores.csv, scan_scores.csv    as in a run
"""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ichor.dataset.base import Dataset
from ichor.dataset.folds import Fold
from ichor.dataset.known import dataset_name
from ichor.dataset.trained import seen_in
from ichor.errors import BadConfig
from ichor.experiments.fold import kept_file, predict_fold, prediction_of
from ichor.experiments.making import commit, hardware
from ichor.experiments.run import claim
from ichor.methods import load_model
from ichor.models.package import CONFIG, SUMS, Training, read_config, sha256
from ichor.pages.run_tables import write_page
from ichor.runs.evaluate import evaluate_folder
from ichor.runs.kept import read_prediction
from ichor.runs.predictions import write_predictions
from ichor.train.settings import Strict


class _External(Strict):
    """What is evaluated, as config.yaml records it."""

    name: str
    method: str
    package: str
    left_out: tuple[str, ...]
    folds: str = "external"


def evaluate_package(
    package: Path, dataset: Dataset, out: Path, *, command: str, left_out: Collection[str] = (), copies_sought: bool
) -> dict[str, Any]:
    """Predict all subjects of a dataset except those `left_out`, and write their metrics into `out`; returns them.

    Subjects that a previous call predicted are not predicted again. `command` is recorded, and whether copies of
    training scans were looked for by their images. Raises BadConfig if the package is damaged, does not record its
    training subjects or was trained on any of this dataset, or if `out` holds something else.
    """
    method = load_model(package).method
    training = _require_unseen(package, dataset)
    subjects = tuple(subject for subject in dataset.subjects if subject not in left_out)
    if not subjects:
        raise BadConfig(f"{dataset.root}: expected subjects to evaluate on, found all of them left out")
    config = read_config(package)
    identity = package / (SUMS if (package / SUMS).exists() else CONFIG)
    name = f"{config.model} {config.version}"
    about = _External(name=name, method=config.method, package=sha256(identity), left_out=tuple(sorted(left_out)))
    claim(out, about, dataset)
    fold, started, made_at = Fold(1, (), (), subjects), time.perf_counter(), commit()
    predict_fold(method, lambda subject: prediction_of(method, dataset, subject), out, fold)
    write_predictions(out, (read_prediction(kept_file(out, 1, subject)) for subject in subjects), dataset)
    header = {
        "experiment": config.model,
        "config": about.model_dump(mode="json"),
        "folds": [1],
        "made_by": {
            "commit": made_at,
            "hardware": hardware(),
            "seconds": round(time.perf_counter() - started, 1),
            "command": command,
            "external": {"model": name, "trained_on": trained_on(training), "copies_sought": copies_sought},
        },
    }
    metrics = evaluate_folder(out, dataset, header)
    write_page(out, metrics)
    return metrics


def trained_on(training: Training) -> list[str]:
    """The names of the datasets that a model was trained on, with those of the packages that it started from."""
    names = []
    for one in training.lineage:
        names += [each.title for each in one.datasets.values()] or [dataset_name(one.fingerprint)]
    return list(dict.fromkeys(names))


def _require_unseen(package: Path, dataset: Dataset) -> Training:
    training = read_config(package).training
    if training is None:
        raise BadConfig(f"{package}: expected a package that lists its training subjects, found one that does not")
    if seen := seen_in(dataset, training):
        raise BadConfig(
            f"{dataset.root}: expected a dataset that {package.name} was never trained on, found {len(seen)} of its "
            f"subjects in the training data, such as {seen[0]}; `ichor crossval` tests a recipe on such data"
        )
    return training
