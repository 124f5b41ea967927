"""A run: one experiment on one fold, from the dataset to figures on the test block.

RUN/config.yaml                the config with all defaults written out
RUN/data.json                  the fingerprint of the dataset
RUN/fold-K/                    what the fit leaves: checkpoint.pt, history.jsonl, weights.pt, made_by.json
RUN/fold-K/model/              the fitted method as a package, without card and figures
RUN/README.md, metrics.json, masks.json.gz, scores.csv, scan_scores.csv
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ichor.atomic import whole_folder, write_whole
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.folds import Fold, authors_fold
from ichor.errors import BadConfig
from ichor.evaluate.files import METRICS, write_predictions
from ichor.evaluate.folder import evaluate_folder
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction
from ichor.experiments.config import ExperimentConfig
from ichor.experiments.making import commit, hardware, on_accelerator
from ichor.methods import Method, get
from ichor.models.package import CONFIG, Training, read_config, write_config

DATA = "data.json"
MODEL = "model"
MADE_BY = "made_by.json"


def run_fold(config: ExperimentConfig, dataset: CtIch, run: Path, command: str) -> dict[str, Any] | None:
    """Fit on the fold's training block, choose on its validation block, report on its test block.

    Returns the figures that it also writes to metrics.json; None on the other ranks of a torchrun group. What a
    previous call with the same `run` finished is not done again. Raises BadConfig where `run` holds another
    experiment or other data, and where a block of the fold has no subject in the dataset.
    """
    fold = authors_fold(config.fold, dataset.subjects)
    for block in ("training", "validation", "test"):
        if not getattr(fold, block):
            raise BadConfig(f"{dataset.root}: expected subjects of fold {fold.number}'s {block} block, found none")
    folder = run / f"fold-{config.fold}"
    first_rank = int(os.environ.get("RANK", "0")) == 0
    if first_rank:
        _claim(run, config, dataset)
    model = folder / MODEL
    method: Method | None = None
    if not (model / CONFIG).exists():
        started = time.perf_counter()
        method = get(config.method)(**config.settings)
        method.model = config.name
        method.fit(dataset.cases(fold.training), dataset.cases(fold.validation), folder)
        if first_rank:
            seconds = _fit_seconds(folder, time.perf_counter() - started)
            made_by = {"command": command, "commit": commit(), "hardware": hardware(), "seconds": seconds}
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / MADE_BY, json.dumps(made_by))
            _save(method, config, dataset, fold, model)
    if not first_rank:
        return None
    if (run / METRICS).exists():
        found: dict[str, Any] = json.loads((run / METRICS).read_text(encoding="utf-8"))
        return found
    if method is None or not on_accelerator():
        # What is reported is what ships: the exported network. Only where it was just fitted on a GPU does that
        # one answer, to within 1e-4 of it and many times faster.
        method = get(config.method).load(model)
    return _report(method, config, dataset, fold, run)


def _report(method: Method, config: ExperimentConfig, dataset: CtIch, fold: Fold, run: Path) -> dict[str, Any]:
    write_predictions(run, _predictions(method, dataset, fold), dataset)
    made_by = json.loads((run / f"fold-{fold.number}" / MADE_BY).read_text(encoding="utf-8"))
    header = {
        "experiment": config.name,
        "config": config.model_dump(mode="json"),
        "folds": [fold.number],
        "made_by": {**made_by, "reduced": config.reduced},
    }
    return evaluate_folder(run, dataset, header)


def _predictions(method: Method, dataset: CtIch, fold: Fold) -> Iterator[Prediction]:
    from rich.console import Console
    from rich.progress import track

    for case in track(dataset.cases(fold.test), "reporting", console=Console(stderr=True)):
        s = method.predict(case.scan)
        yield Prediction(
            subject=case.subject,
            fold=fold.number,
            mask=s.mask,
            slice_probability=s.slice_probability,
            scan_probability=s.scan_probability,
            threshold=s.made_by.threshold,
            areas={t: method.mask_at(s.probability, s.slice_probability, t).sum(axis=(1, 2)) for t in TABLE_THRESHOLDS},
        )


def _claim(run: Path, config: ExperimentConfig, dataset: CtIch) -> None:
    """Make the folder this experiment's, on this data; what it holds already must be of both."""
    run.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    if not (run / CONFIG).exists():
        write_whole(run / CONFIG, text)
    elif (found := (run / CONFIG).read_text(encoding="utf-8")) != text:
        raise BadConfig(
            f"{run}: expected an empty folder or a run of the same config, found a run of "
            f"{yaml.safe_load(found).get('name')!r} with other settings"
        )
    if not (run / DATA).exists():
        write_whole(run / DATA, json.dumps({"fingerprint": dataset.fingerprint}))
    elif (other := json.loads((run / DATA).read_text(encoding="utf-8"))["fingerprint"]) != dataset.fingerprint:
        raise BadConfig(f"{run}: expected a run on data {dataset.fingerprint[:12]}, found one on {other[:12]}")


def _fit_seconds(folder: Path, elapsed: float) -> float:
    """How long a fit took in all; an interrupted one took what its epochs took, not what this process did."""
    history = folder / "history.jsonl"
    if not history.exists():
        return round(elapsed, 1)
    rows = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    return float(round(sum(row["seconds"] for row in rows), 1))


def _save(method: Method, config: ExperimentConfig, dataset: CtIch, fold: Fold, model: Path) -> None:
    training = Training(
        experiment=config.name,
        fingerprint=dataset.fingerprint,
        fold=fold.number,
        training_subjects=fold.training,
        validation_subjects=fold.validation,
        test_subjects=fold.test,
    )
    with whole_folder(model) as folder:
        method.save(folder)
        write_config(folder, read_config(folder).model_copy(update={"training": training}))
