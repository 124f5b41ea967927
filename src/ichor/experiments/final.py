"""Trains the final model on all subjects, after cross-validation over five folds has evaluated the recipe.

FINAL/config.yaml, data.json    as in a run (see run.py), with the subjects left out
FINAL/all/       the files of training, as in a fold; all/model/ is the model package, without card and metrics
FINAL/out-of-fold.json    the metrics of the recipe: the metrics.json of the run over five folds
FINAL/verdict.json, scan_scores.csv    those of the run over five folds, if it has them

No subject is left for calibration or evaluation. The final model is calibrated on the out-of-fold output of the five
folds' models, in which each subject is a test subject once; the metrics are those of the five models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.folds import N_FOLDS
from ichor.dataset.trained import record_of
from ichor.errors import BadConfig
from ichor.experiments.config import ExperimentConfig, load_config
from ichor.experiments.crossed import MODEL, require_no_validation
from ichor.experiments.fold import fit_into, fold_folder, fold_of
from ichor.experiments.making import is_first_rank
from ichor.experiments.run import REPORTED, claim, require_same, started_from
from ichor.experiments.start import Start, read_start
from ichor.methods import Method, get
from ichor.methods.capabilities import CrossFits, require
from ichor.models.package import CONFIG, NETWORK, Training, read_config
from ichor.models.reference import copy_reference
from ichor.models.verdict import read_verdict_rule, write_verdict_rule
from ichor.runs.files import METRICS, read_metrics

ALL = "all"
OUT_OF_FOLD = "out-of-fold.json"


def train_on_all(
    config: ExperimentConfig,
    dataset: Dataset,
    final: Path,
    *,
    calibrate_on: Path,
    left_out: Sequence[str],
    command: str,
    start: str | Path | None = None,
) -> None:
    """Train on all subjects of the dataset except those `left_out`, which are not used for calibration either.

    Calibration is on the out-of-fold output of the five models of the run `calibrate_on`. What a previous call finished
    is not repeated. `command` is recorded; `start` is as in `cross_validate`. Raises BadConfig if a subject to leave
    out does not exist, if the recipe needs validation subjects for training, if `calibrate_on` is not a run of the same
    experiment, data and start over all five folds, if `final` holds something else or was calibrated on an earlier
    state of that run, and as `cross_validate` does for `start`.
    """
    require_no_validation(config)
    if unknown := [subject for subject in left_out if subject not in dataset.subjects]:
        raise BadConfig(f"{dataset.root}: expected subjects of the dataset to leave out, found {', '.join(unknown)}")
    subjects = tuple(subject for subject in dataset.subjects if subject not in left_out)
    if not subjects:
        raise BadConfig(f"{dataset.root}: expected subjects to train on, found all of them left out")
    started = None if start is None else read_start(start, config)
    if started is not None:
        started.require_unseen(dataset, left_out)
    calibrated_on = _require_run(calibrate_on, config, dataset, started)
    if is_first_rank():
        claim(
            final, config, dataset, left_out=sorted(set(left_out)), calibrated_on=calibrated_on, **started_from(started)
        )

    def fit(method: Method) -> Method:
        able = require(method, CrossFits, "be trained on all subjects")
        start_folder = None if started is None else started.folder
        able.fit_uncalibrated(dataset.cases(subjects), final / ALL, start=start_folder)
        if is_first_rank():
            able.calibrate(_evidence(calibrate_on, config, dataset, left_out))
        return method

    training = Training(
        experiment=config.name,
        fingerprint=dataset.fingerprint,
        fold=None,
        training_subjects=subjects,
        left_out=tuple(sorted(set(left_out))),
        started_from=None if started is None else started.record,
        **record_of(dataset, subjects),
    )
    fit_into(final / ALL, config, training, command, fit)
    if is_first_rank():
        write_verdict_rule(final, read_verdict_rule(calibrate_on))
        copy_reference(calibrate_on, final)
        write_whole(final / OUT_OF_FOLD, (calibrate_on / METRICS).read_bytes())  # last: it marks the run as finished


def is_final(folder: Path) -> bool:
    """Whether the folder was made, or begun, by `train_on_all`."""
    return (folder / ALL).is_dir()


def _require_run(run: Path, config: ExperimentConfig, dataset: Dataset, start: Start | None) -> str:
    """The digest of a run of this recipe over five folds. Raises BadConfig if the run is not one."""
    if not (run / METRICS).is_file():
        raise BadConfig(f"{run}: expected a finished run of `ichor crossval`, found no {METRICS}")
    if load_config(str(run / CONFIG)) != config:
        raise BadConfig(f"{run}: expected a run of {config.name} with the same settings, found another config")
    require_same(run, dataset, **started_from(start))
    folds = read_metrics(run)["folds"]
    if folds != [*range(1, N_FOLDS + 1)]:
        raise BadConfig(f"{run}: expected a run of folds 1 to {N_FOLDS}, found {', '.join(map(str, folds))}")
    if not (run / REPORTED).is_file():
        raise BadConfig(f"{run}: expected a finished run of `ichor crossval`, found no {REPORTED}")
    for fold in folds:
        if (network := read_config(fold_folder(run, fold) / MODEL).network) != NETWORK:
            raise BadConfig(f"{run}: expected fold {fold}'s network as it was reported on, {NETWORK}, found {network}")
    return hashlib.sha256((run / REPORTED).read_bytes()).hexdigest()


def _evidence(run: Path, config: ExperimentConfig, dataset: Dataset, left_out: Sequence[str]) -> list[Any]:
    """The evidence of the run's five models on their test subjects, except those left out."""
    evidence: list[Any] = []
    for number in range(1, N_FOLDS + 1):
        fitted = get(config.method).load(fold_folder(run, number) / MODEL)
        able = require(fitted, CrossFits, "be trained on all subjects")
        subjects = [s for s in fold_of(config, dataset, number).test if s not in left_out]
        cases = track(dataset.cases(subjects), f"fold {number}: predicting", console=Console(stderr=True))
        evidence += [able.calibration_evidence(case) for case in cases]
    return evidence
