"""What the model card says of a model's training: on what, from what, by what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ichor.dataset.about import KnownDataset
from ichor.dataset.known import dataset_name, known_dataset
from ichor.dataset.naming import named
from ichor.models.package import Training
from ichor.pages.words import listed


def trained_on(metrics: Mapping[str, Any], training: Training | None, made_by: Mapping[str, Any] | None) -> str:
    """The subjects and the start of a training, and what it took, if known; continues "trained on"."""
    on = f"{_training(training)}.{_crossed(metrics, training)}{_demonstration(training)}{_started_from(training)}"
    return on + _made_by(made_by)


def is_on_all(training: Training | None) -> bool:
    """Whether a model was trained on all subjects, so that its figures are those of the folds' models."""
    return training is not None and training.fold is None


def known_data(training: Training | None) -> KnownDataset | None:
    """The known dataset that a model was trained on; None if it is another."""
    return None if training is None else known_dataset(training.fingerprint)


def calibrated_on(training: Training | None) -> str:
    """On what a model that was trained on all subjects is calibrated; empty for others."""
    if not is_on_all(training):
        return ""
    return (
        "\n\nNo subjects are left to calibrate this model on. It is calibrated on the out-of-fold output of the five "
        "models below, without the subjects that are left out here."
    )


def _made_by(made_by: Mapping[str, Any] | None) -> str:
    if made_by is None:
        return ""
    return f"\nTrained in {made_by['seconds'] / 60:.0f} minutes on {made_by['hardware']} by `{made_by['command']}`."


def _training(training: Training | None) -> str:
    if training is None:
        return "unknown data"
    if training.fold is None:
        but = f" but {named(training.left_out)}" if training.left_out else ""
        return f"all subjects of {_dataset(training)}{but}: {len(training.training_subjects)} subjects"
    chosen_on = len(training.validation_subjects)
    return (
        f"fold {training.fold} of {_dataset(training)}: {len(training.training_subjects)} training subjects, "
        + (f"{chosen_on} validation subjects, " if chosen_on else "")
        + f"{len(training.test_subjects)} test subjects; no subject is in two of them"
    )


def _dataset(training: Training) -> str:
    known = known_data(training)
    if known is not None:
        return known.release
    titles = listed([one.title for one in training.datasets.values()])  # of their layouts: the data may be others
    if not titles:
        return dataset_name(training.fingerprint)
    return f"data in the layout of {titles} (fingerprint {training.fingerprint[:12]})"


def _crossed(metrics: Mapping[str, Any], training: Training | None) -> str:
    if is_on_all(training) or not metrics["config"].get("cross_fitted", False):
        return ""
    return (
        " Thresholds and calibration were chosen on the training subjects, by the output of further networks that were "
        "trained on neither the subject in question nor the test subjects."
    )


def _demonstration(training: Training | None) -> str:
    known = known_data(training)
    if training is None or known is None:
        return ""
    subject = known.demonstration_subject
    verb = "was seen" if subject in training.seen(training.fingerprint) else "was not seen"
    return f" The subject of the demonstration scan ({subject}) {verb} in training."


def _started_from(training: Training | None) -> str:
    if training is None or training.started_from is None:
        return ""
    start = training.started_from
    return (
        f" Training started from the weights of {start.model} {start.version}, trained on {_training(start.training)}."
    )
