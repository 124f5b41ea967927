"""One fold of a run: the method is fitted on the training block, and the test block is predicted.

RUN/fold-K/          the files of training: checkpoint.pt, history.jsonl, weights.pt, made_by.json; if the fold is
                     cross-fitted, only made_by.json, and the rest is in RUN/networks/ (see crossed.py)
RUN/fold-K/model/    the fitted method as a package, without card and metrics
RUN/fold-K/out-of-fold/SUBJECT.npz    prediction and raw output of each test subject (see kept.py)
RUN/fold-K/raw-output.sha256    if the fold postprocesses another run's raw output: the digest of that output
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import track

from ichor.atomic import whole_folder, write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.folds import N_FOLDS, Fold, folds_of_persons
from ichor.dataset.trained import record_of
from ichor.errors import BadConfig
from ichor.evaluate.prediction import TABLE_THRESHOLDS, Prediction, SingleSlices
from ichor.experiments.config import STRATIFIED, ExperimentConfig
from ichor.experiments.crossed import MODEL, calibrated_crosswise, train_networks
from ichor.experiments.making import commit, fit_seconds, is_first_rank, on_accelerator, write_made_by
from ichor.experiments.single_slices import predict_single_slices
from ichor.experiments.start import Start
from ichor.methods import Method, get
from ichor.methods.capabilities import (
    Postprocesses,
    StartsFromWeights,
    is_given_seeds,
    mask_at,
    predict_keeping_raw,
    require,
    with_probabilities,
)
from ichor.methods.seeds import seeds_of
from ichor.models.package import CONFIG, MADE_BY, Training, read_config, write_config
from ichor.runs.kept import read_raw, write_kept
from ichor.segmentation import RawOutput, Segmentation

OUT_OF_FOLD = "out-of-fold"
RAW_OUTPUT = "raw-output.sha256"

PredictionOf = Callable[[str], tuple[Segmentation, RawOutput]]
SingleSlicesOf = Callable[[str], SingleSlices | None]


def fold_of(config: ExperimentConfig, dataset: Dataset, number: int) -> Fold:
    """The experiment's fold `number`, restricted to the subjects in the dataset; a block may be empty.

    Raises BadConfig if the dataset has no folds of that name, or too few people for five.
    """
    if (fixed := dataset.fixed_folds.get(config.folds)) is not None:
        return fixed[number - 1]
    if config.folds != STRATIFIED:
        names = ", ".join([*dataset.fixed_folds, STRATIFIED])
        raise BadConfig(f"{config.name}: expected folds of {dataset.root} among {names}, found {config.folds!r}")
    try:
        folds = folds_of_persons(dataset.subjects, dataset.person, dataset.strata, config.folds_seed)
    except ValueError as error:
        raise BadConfig(f"{dataset.root}: {error}") from error
    return folds[number - 1]


def require_blocks(fold: Fold, dataset: Dataset) -> None:
    """Raise BadConfig if a block of the fold has no subject."""
    for block in ("training", "validation", "test"):
        if not getattr(fold, block):
            raise BadConfig(f"{dataset.root}: expected subjects of fold {fold.number}'s {block} block, found none")


def fold_folder(run: Path, number: int) -> Path:
    """The folder of a fold in a run."""
    return run / f"fold-{number}"


def kept_file(run: Path, number: int, subject: str) -> Path:
    """The file of a test subject of a fold in a run."""
    return fold_folder(run, number) / OUT_OF_FOLD / f"{subject}.npz"


def is_predicted(run: Path, fold: Fold) -> bool:
    """Whether the fold has test subjects, all have been predicted, and how they were made is recorded."""
    files = [kept_file(run, fold.number, subject) for subject in fold.test]
    return bool(files) and all(f.exists() for f in [*files, fold_folder(run, fold.number) / MADE_BY])


def digest(run: Path, fold: Fold) -> str:
    """SHA-256 of a predicted fold's files; it changes if any subject is predicted again."""
    whole = hashlib.sha256()
    for subject in fold.test:
        whole.update(hashlib.sha256(kept_file(run, fold.number, subject).read_bytes()).digest())
    return whole.hexdigest()


def fit_and_predict(
    config: ExperimentConfig, dataset: Dataset, run: Path, fold: Fold, command: str, start: Start | None = None
) -> None:
    """Fit on the training block, calibrate on the validation block or by cross-fitting, and predict the test block.

    Work that a previous call finished is not repeated. All ranks of a torchrun group train; the first one predicts.
    `start` is the package from whose weights training starts.
    """
    method = _fit(config, dataset, run, fold, command, start)
    if is_first_rank() and not is_predicted(run, fold):
        model = fold_folder(run, fold.number) / MODEL
        if method is None or not on_accelerator():
            # Predictions are made with the exported network, as it ships. After training on a GPU, the torch network is
            # used instead: it agrees to within 1e-4 and is many times faster.
            method = get(config.method).load(model)
        predict_fold(
            method,
            lambda subject: prediction_of(method, dataset, subject),
            run,
            fold,
            lambda subject: predict_single_slices(method, dataset.case(subject)),
        )


def postprocess_again(config: ExperimentConfig, other: Path, run: Path, fold: Fold, command: str) -> None:
    """Postprocess the raw output of the run `other` for the fold's test block with this experiment's settings.

    Nothing is trained and no network runs; in a torchrun group only the first rank does it. If `other` has been run
    again since, the earlier predictions are replaced. Raises BadConfig if `other` has not predicted the fold.
    """
    if not is_first_rank():
        return
    if not is_predicted(other, fold):
        raise BadConfig(f"{other}: expected a run that has predicted fold {fold.number}, found one that has not")
    started, made_at = time.perf_counter(), commit()
    folder, found = fold_folder(run, fold.number), digest(other, fold)
    if not (folder / RAW_OUTPUT).exists() or (folder / RAW_OUTPUT).read_text(encoding="utf-8") != found:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        write_whole(folder / RAW_OUTPUT, found)
    method = get(config.method)(**config.settings)
    postprocess = require(method, Postprocesses, "postprocess another run's raw output").postprocess

    def again(subject: str) -> tuple[Segmentation, RawOutput]:
        raw = read_raw(kept_file(other, fold.number, subject))
        return postprocess(raw), raw

    predict_fold(method, again, run, fold)
    if not (folder / MADE_BY).exists():
        write_made_by(folder, command, made_at, time.perf_counter() - started)


def fit_into(
    folder: Path, config: ExperimentConfig, training: Training, command: str, fit: Callable[[Method], Method]
) -> Method | None:
    """Fit the experiment's method with `fit`, and save the result in `folder` with how and on which subjects.

    Returns the fitted method; None if an earlier call did it. The first rank of a torchrun group saves it.
    """
    if (folder / MODEL / CONFIG).exists():
        return None
    started, made_at = time.perf_counter(), commit()  # before training, since the checkout may change meanwhile
    method = fit(get(config.method)(**config.settings))
    if is_first_rank():
        folder.mkdir(parents=True, exist_ok=True)
        write_made_by(folder, command, made_at, fit_seconds(folder, time.perf_counter() - started))
        with whole_folder(folder / MODEL) as model:
            method.save(model)
            write_config(model, read_config(model).model_copy(update={"model": config.name, "training": training}))
    return method


def _fit(
    config: ExperimentConfig, dataset: Dataset, run: Path, fold: Fold, command: str, start: Start | None
) -> Method | None:
    folder = fold_folder(run, fold.number)
    blocks = [fold_of(config, dataset, number) for number in range(1, N_FOLDS + 1)]
    if config.cross_fitted and not (folder / MODEL / CONFIG).exists():
        train_networks(config, dataset, run, blocks, fold.number, command, start)

    def fit(method: Method) -> Method:
        if config.cross_fitted:
            return calibrated_crosswise(config, run, dataset, blocks, fold.number) if is_first_rank() else method
        training, validation = dataset.cases(fold.training), dataset.cases(fold.validation)
        if start is None:
            method.fit(training, validation, folder)
        else:
            able = require(method, StartsFromWeights, "start from another's weights")
            able.fit_from(start.folder, training, validation, folder)
        return method

    used = (*fold.training, *fold.validation)
    training = Training(
        experiment=config.name,
        fingerprint=dataset.fingerprint,
        fold=fold.number,
        training_subjects=used if config.cross_fitted else fold.training,
        validation_subjects=() if config.cross_fitted else fold.validation,
        test_subjects=fold.test,
        started_from=None if start is None else start.record,
        **record_of(dataset, used),
    )
    return fit_into(folder, config, training, command, fit)


def prediction_of(method: Method, dataset: Dataset, subject: str) -> tuple[Segmentation, RawOutput]:
    """The method's prediction for a subject; a semi-automatic one gets seeds from the subject's delineation."""
    if is_given_seeds(method):
        case = dataset.case(subject)
        return with_probabilities(method.predict_seeded(case.scan, seeds_of(case.mask)))
    return predict_keeping_raw(method, dataset.scan(subject))


def predict_fold(
    method: Method, predict: PredictionOf, run: Path, fold: Fold, single_slices: SingleSlicesOf = lambda _: None
) -> None:
    """Predict the test subjects of a fold that are not predicted yet, and keep the predictions in the run."""
    missing = [subject for subject in fold.test if not kept_file(run, fold.number, subject).exists()]
    for subject in track(missing, f"fold {fold.number}: predicting", console=Console(stderr=True)):
        segmentation, raw = predict(subject)
        areas = {}
        if segmentation.probability is not None:
            areas = {t: mask_at(method, segmentation.probability, t).sum(axis=(1, 2)) for t in TABLE_THRESHOLDS}
        prediction = Prediction(
            subject=subject,
            fold=fold.number,
            mask=segmentation.mask,
            slice_probability=segmentation.slice_probability,
            scan_probability=segmentation.scan_probability,
            subtype_probability=segmentation.subtype_probability,
            threshold=segmentation.made_by.threshold,
            areas=areas,
            single_slices=single_slices(subject),
        )
        write_kept(kept_file(run, fold.number, subject), prediction, raw)
