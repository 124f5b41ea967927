"""The model of a recipe on all subjects, once its five folds have said how good it is.

FINAL/config.yaml, data.json    as of a run (see run.py), with the subjects left out
FINAL/all/       what the fit leaves, as in a fold; all/model/ is the model as a package, without card and figures
FINAL/out-of-fold.json    the figures of the recipe: the metrics.json of the run over five folds

There is nobody left to choose anything on or to report on. What is chosen on validation subjects is pooled over the
five folds; figures are those of the five models.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ichor.atomic import write_whole
from ichor.dataset.ct_ich import CtIch
from ichor.dataset.folds import N_FOLDS
from ichor.errors import BadConfig
from ichor.evaluate.files import METRICS, read_metrics
from ichor.experiments.config import ExperimentConfig, load_config
from ichor.experiments.fold import MODEL, fit_into, fold_folder, is_first_rank
from ichor.experiments.run import claim, require_same, started_from
from ichor.experiments.start import Start, read_start
from ichor.methods import Method
from ichor.methods.settings import SlicesChosen, pooled
from ichor.methods.unet_slices import UNetSlices
from ichor.models.package import CONFIG, Training, read_config, write_config

ALL = "all"
OUT_OF_FOLD = "out-of-fold.json"


def train_on_all(
    config: ExperimentConfig,
    dataset: CtIch,
    final: Path,
    *,
    chosen_in: Path,
    left_out: Sequence[str],
    command: str,
    start: str | Path | None = None,
) -> None:
    """Train on all subjects of the dataset but those `left_out`, with what the five folds of `chosen_in` have chosen.

    What a previous call finished is not trained again; what is chosen is taken anew. `command` is said to have made it;
    `start` is as in `cross_validate`. Raises BadConfig where a subject left out is not there, where the recipe wants
    validation subjects to train, where `chosen_in` is not a run of the same experiment, data and start over all five
    folds, where `final` holds something else, and as `cross_validate` does for `start`.
    """
    _require_recipe(config)
    if unknown := [subject for subject in left_out if subject not in dataset.subjects]:
        raise BadConfig(f"{dataset.root}: expected subjects of the dataset to leave out, found {', '.join(unknown)}")
    subjects = tuple(subject for subject in dataset.subjects if subject not in left_out)
    if not subjects:
        raise BadConfig(f"{dataset.root}: expected subjects to train on, found all of them left out")
    started = None if start is None else read_start(start, config)
    if started is not None:
        started.require_unseen(dataset, left_out)
    chosen = _chosen_in(chosen_in, config, dataset, started)
    if is_first_rank():
        claim(final, config, dataset, left_out=sorted(set(left_out)), **started_from(started))

    def fit(method: Method) -> None:
        assert isinstance(method, UNetSlices)  # any other was refused above
        start_folder = None if started is None else started.folder
        head_mm = method.fit_networks(dataset.cases(subjects), (), final / ALL, go_on_from=start_folder)
        method.chosen = chosen.model_copy(update={"head_mm": head_mm})

    training = Training(
        experiment=config.name,
        fingerprint=dataset.fingerprint,
        fold=None,
        training_subjects=subjects,
        left_out=tuple(sorted(set(left_out))),
        started_from=None if started is None else started.record,
    )
    fit_into(final / ALL, config, training, command, fit)
    if is_first_rank():
        _adopt(final / ALL / MODEL, chosen)
        write_whole(final / OUT_OF_FOLD, (chosen_in / METRICS).read_bytes())  # last: it says that all is done


def is_final(folder: Path) -> bool:
    """Whether the folder is, or becomes, one of `train_on_all`."""
    return (folder / ALL).is_dir()


def _require_recipe(config: ExperimentConfig) -> None:
    """Raise BadConfig where the experiment cannot be trained without validation subjects."""
    if config.method != UNetSlices.name:
        raise BadConfig(f"{config.name}: expected method {UNetSlices.name} to train on all, found {config.method}")
    training = config.settings["training"]
    if training["keep"] != "last" or training["patience"] is not None:
        patience = "" if training["patience"] is None else f" and patience {training['patience']}"
        raise BadConfig(
            f"{config.name}: expected training.keep last and no patience, since no subject is left to validate on, "
            f"found keep {training['keep']}{patience}"
        )


def _chosen_in(run: Path, config: ExperimentConfig, dataset: CtIch, start: Start | None) -> SlicesChosen:
    """What the five folds of a run have chosen, pooled. Raises BadConfig where it is not that of this recipe."""
    if not (run / METRICS).is_file():
        raise BadConfig(f"{run}: expected a finished run of `ichor crossval`, found no {METRICS}")
    if load_config(str(run / CONFIG)) != config:
        raise BadConfig(f"{run}: expected a run of {config.name} with the same settings, found another config")
    require_same(run, dataset, **started_from(start))
    folds = read_metrics(run)["folds"]
    if folds != [*range(1, N_FOLDS + 1)]:
        raise BadConfig(f"{run}: expected a run of folds 1 to {N_FOLDS}, found {', '.join(map(str, folds))}")
    return pooled([SlicesChosen(**read_config(fold_folder(run, fold) / MODEL).chosen) for fold in folds])


def _adopt(model: Path, chosen: SlicesChosen) -> None:
    """Let the model decide by what is chosen now; what an earlier call took may be of folds that were done anew."""
    package = read_config(model)
    kept = {**chosen.model_dump(mode="json"), "head_mm": package.chosen["head_mm"]}  # of its own training heads
    if kept != package.chosen:
        write_config(model, package.model_copy(update={"chosen": kept}))
