"""The predictions of a run's models on their test subjects under each condition."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.base import Dataset
from ichor.dataset.case import Case
from ichor.dataset.folds import N_FOLDS
from ichor.errors import BadConfig
from ichor.evaluate.overlap import Overlaps
from ichor.experiments.crossed import MODEL
from ichor.experiments.fold import fold_folder
from ichor.methods import Method, load_model
from ichor.models.package import CONFIG, Training, read_config
from ichor.screening.inputs import content_sha256
from ichor.simulate.image import noise_hu
from ichor.simulate.pictures import Style, pictures
from studies.robustness.conditions import CONDITIONS, Condition
from studies.robustness.figures import Row


def models_in(run: Path, requested: Sequence[int]) -> dict[int, Path]:
    """The model packages of the requested folds, by fold; of all fitted folds if none is requested.

    Raises BadConfig if a requested model, or any model, is missing.
    """
    models = {k: fold_folder(run, k) / MODEL for k in requested or range(1, N_FOLDS + 1)}
    fitted = {k: model for k, model in models.items() if (model / CONFIG).is_file()}
    if missing := sorted(models.keys() - fitted.keys() if requested else models.keys() if not fitted else ()):
        folds = ", ".join(map(str, missing))
        raise BadConfig(f"{run}: expected a run of `ichor crossval` with a model of fold {folds}, found none")
    return fitted


def training_of(model: Path, dataset: Dataset) -> Training:
    """A model's training and test subjects. Raises BadConfig if they are not recorded, or are of other data."""
    training = read_config(model).training
    if training is None:
        raise BadConfig(f"{model / CONFIG}: expected a model with test subjects, found none listed")
    if training.fingerprint != dataset.fingerprint:
        found, expected = training.fingerprint[:12], dataset.fingerprint[:12]
        raise BadConfig(f"{model / CONFIG}: expected a model trained on data {expected}, found one on {found}")
    return training


def trained_on_simulations(model: Path) -> bool:
    """Whether a model was trained with simulated acquisitions of this kind."""
    return bool(read_config(model).settings.get("training", {}).get("augmentation", {}).get("acquisitions"))


def predict_row(method: Method, case: Case) -> Row:
    """The row of a case: its labels and the method's predictions, mostly lists over slices."""
    found = method.predict(case.scan)
    overlaps = Overlaps.of(found.mask, case.mask)
    return {
        "both": overlaps.both.tolist(),
        "predicted": overlaps.predicted.tolist(),
        "reference": overlaps.reference.tolist(),
        "positive": case.positive.tolist(),
        "slice_probability": found.slice_probability.tolist(),
        "scan_probability": found.scan_probability,
        "volume_ml": case.scan.volume_ml(overlaps.predicted),
        "noise_hu": noise_hu(case),
    }


def predict_pictures(method: Method, case: Case, style: Style) -> Row:
    """The same for the slices of a case as pictures by themselves.

    The scan's probability is the highest of its pictures. The method does not know the pixel size; the volume is
    measured with the one that the case has.
    """
    overlaps, slices, scans, sizes = [], [], [], []
    for one in pictures(style, case, int(case.subject)):
        found = method.predict(one.scan)
        overlaps.append(Overlaps.of(found.mask, one.mask))
        slices.append(float(found.slice_probability[0]))
        scans.append(found.scan_probability)
        sizes.append(one.mask.size)
    predicted = np.array([int(one.predicted[0]) for one in overlaps])
    return {
        "both": [int(one.both[0]) for one in overlaps],
        "predicted": predicted.tolist(),
        "reference": [int(one.reference[0]) for one in overlaps],
        "positive": case.positive.tolist(),
        "slice_probability": slices,
        "scan_probability": max(scans),
        "volume_ml": case.scan.volume_ml(predicted * case.mask[0].size / np.array(sizes)),
        "noise_hu": float("nan"),
    }


def row_under(condition: Condition, method: Method, case: Case) -> Row:
    """The row of a case under a condition."""
    changed = condition.change(case)
    return (
        predict_row(method, changed)
        if condition.picture is None
        else predict_pictures(method, changed, condition.picture)
    )


def rows_of_subject(method: Method, dataset: Dataset, subject: str, file: Path, model: str) -> dict[str, Row]:
    """A subject's rows by condition, read from `file`; missing ones are computed and stored there.

    `model` is a hash of the model; rows of another model in `file` are discarded.
    """
    stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if stored.get("model") != model:
        stored = {"model": model, "conditions": {}}
    if missing := [c for c in CONDITIONS if c.key not in stored["conditions"]]:
        case = dataset.case(subject)
        file.parent.mkdir(parents=True, exist_ok=True)
        for condition in missing:
            stored["conditions"][condition.key] = row_under(condition, method, case)
            write_whole(file, json.dumps(stored))
    return {c.key: stored["conditions"][c.key] for c in CONDITIONS}


def rows_of_folds(
    run: Path, models: Mapping[int, Path], trained: Mapping[int, Training], dataset: Dataset
) -> dict[str, dict[str, Row]]:
    """The rows of all test subjects of the folds, by subject and condition."""
    rows = {}
    with progress(sum(len(one.test_subjects) for one in trained.values())) as done:
        for k, path in models.items():
            method, model = load_model(path).method, content_sha256(path)
            for subject in trained[k].test_subjects:
                file = run / "robustness" / f"fold-{k}" / f"{subject}.json"
                rows[subject] = rows_of_subject(method, dataset, subject, file, model)
                done(f"fold {k}, subject {subject}")
    return dict(sorted(rows.items()))
