"""A run: one experiment on one fold, from the dataset to figures on the test block.

RUN/config.yaml                the resolved config
RUN/fold-K/                    what the fit leaves: checkpoint.pt, history.jsonl, weights.pt
RUN/fold-K/model/              the fitted method as a package, without card and figures
RUN/metrics.json, masks.json.gz, scores.csv, scan_scores.csv
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ichor.dataset.ct_ich import CtIch
from ichor.dataset.folds import Fold, authors_fold
from ichor.errors import BadConfig
from ichor.evaluate.files import MASKS, METRICS, write_masks, write_metrics, write_scores
from ichor.evaluate.metrics import metrics_of
from ichor.evaluate.results import SubjectResult, result_of
from ichor.evaluate.tables import results_page
from ichor.experiments.config import ExperimentConfig
from ichor.methods import Method, get
from ichor.models.package import CONFIG, Training, read_config, write_config

MODEL = "model"
TIMES = "seconds.json"
PAGE = "README.md"


def run_fold(config: ExperimentConfig, dataset: CtIch, run: Path, command: str) -> dict[str, Any] | None:
    """Fit on the fold's training block, choose on its validation block, report on its test block.

    Returns the figures that it also writes to metrics.json; None on the other ranks of a torchrun group. What a
    previous call with the same `run` finished is not done again. Raises BadConfig where `run` holds another
    experiment.
    """
    fold = authors_fold(config.fold, dataset.subjects)
    folder = run / f"fold-{config.fold}"
    first_rank = int(os.environ.get("RANK", "0")) == 0
    if first_rank:
        _claim(run, config)
    model = folder / MODEL
    method: Method | None = None
    if not (model / CONFIG).exists():
        started = time.perf_counter()
        method = get(config.method)(**config.settings)
        method.model = config.name
        method.fit(dataset.cases(fold.training), dataset.cases(fold.validation), folder)
        if first_rank:
            _save(method, config, dataset, fold, model)
            _write_text(folder / TIMES, json.dumps({"fit": _fit_seconds(folder, time.perf_counter() - started)}))
    if not first_rank:
        return None
    if method is None or not on_accelerator():
        # What is reported is what ships: the exported network. Only where it was just fitted on a GPU does that
        # one answer, to within 1e-4 of it and many times faster.
        method = get(config.method).load(model)
    return _report(method, config, dataset, fold, run, command)


def _report(
    method: Method, config: ExperimentConfig, dataset: CtIch, fold: Fold, run: Path, command: str
) -> dict[str, Any]:
    folder = run / f"fold-{config.fold}"
    results: list[SubjectResult] = []
    masks: dict[str, NDArray[np.bool_]] = {}
    for case in dataset.cases(fold.test):
        segmentation = method.predict(case.scan)
        age = dataset.demographics[case.subject].age_years
        results.append(result_of(case, segmentation, fold=fold.number, age_years=age))
        masks[case.subject] = segmentation.mask
    metrics = {
        "experiment": config.name,
        "config": config.model_dump(mode="json"),
        "data": {
            "fingerprint": dataset.fingerprint,
            "n_subjects": len(results),
            "n_slices": sum(len(r.positive) for r in results),
        },
        "folds": [fold.number],
        **metrics_of(results),
        "made_by": {
            "command": command,
            "commit": commit(),
            "hardware": hardware(),
            "seconds": json.loads((folder / TIMES).read_text(encoding="utf-8"))["fit"],
            "reduced": config.reduced,
        },
    }
    write_masks(run / MASKS, masks)
    write_scores(run, results)
    write_metrics(run / METRICS, metrics)
    _write_text(run / PAGE, results_page(metrics))
    return metrics


def _claim(run: Path, config: ExperimentConfig) -> None:
    run.mkdir(parents=True, exist_ok=True)
    file = run / CONFIG
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    if file.exists():
        found = file.read_text(encoding="utf-8")
        if found != text:
            raise BadConfig(
                f"{run}: expected an empty folder or a run of the same config, found a run of "
                f"{yaml.safe_load(found).get('name')!r} with other settings"
            )
        return
    _write_text(file, text)


def _fit_seconds(folder: Path, elapsed: float) -> float:
    """How long a fit took in all; an interrupted one took what its epochs took, not what this process did."""
    history = folder / "history.jsonl"
    if not history.exists():
        return round(elapsed, 1)
    rows = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    return float(round(sum(row["seconds"] for row in rows), 1))


def _save(method: Method, config: ExperimentConfig, dataset: CtIch, fold: Fold, model: Path) -> None:
    method.save(model.with_name(f"{MODEL}.part"))
    saved = read_config(model.with_name(f"{MODEL}.part"))
    training = Training(
        experiment=config.name,
        fingerprint=dataset.fingerprint,
        fold=fold.number,
        training_subjects=fold.training,
        validation_subjects=fold.validation,
        test_subjects=fold.test,
    )
    write_config(model.with_name(f"{MODEL}.part"), saved.model_copy(update={"training": training}))
    model.with_name(f"{MODEL}.part").replace(model)


def commit() -> str | None:
    """The commit of the checkout that this package runs from, with "+" where it is changed; None outside of one."""
    here = Path(__file__).parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, check=False)
        except OSError:  # no git
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    head = git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    return head + ("+" if git("status", "--porcelain", "--untracked-files=no", "--", str(here)) else "")


def hardware() -> str:
    """The processor by name with its number of cores, and the accelerator where torch sees one."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [
            line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        name = models[0] if models else name
    text = f"{name}, {os.cpu_count()} cores"
    if not on_accelerator():
        return f"{text}, no GPU"
    import torch

    return f"{text}, {torch.cuda.get_device_name()}"


def on_accelerator() -> bool:
    """Whether torch is installed and sees a GPU."""
    try:
        import torch
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


def _write_text(file: Path, text: str) -> None:
    temporary = file.with_name(f"{file.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(file)
