"""A run: one experiment over some folds, from training to metrics on the test subjects.

RUN/config.yaml    the config with all defaults set
RUN/data.json      the fingerprint of the dataset, and the package from whose weights training started, if any
RUN/fold-K/        a fold (see fold.py); folds may be run by separate processes or machines that share RUN
RUN/README.md, metrics.json, verdict.json, masks.json.gz, scores.csv, scan_scores.csv    over all finished folds
RUN/reported.json      the digest of each fold that these files include
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from ichor.atomic import write_whole
from ichor.dataset.base import Dataset
from ichor.dataset.folds import N_FOLDS, Fold
from ichor.errors import BadConfig
from ichor.experiments.config import ExperimentConfig
from ichor.experiments.crossed import MODEL, NETWORKS, require_no_validation
from ichor.experiments.fold import (
    digest,
    fit_and_predict,
    fold_folder,
    fold_of,
    is_predicted,
    kept_file,
    postprocess_again,
    require_blocks,
)
from ichor.experiments.making import is_first_rank
from ichor.experiments.start import Start, read_start
from ichor.locks import one_at_a_time
from ichor.methods import get
from ichor.methods.capabilities import Postprocesses, is_given_seeds, require
from ichor.models.package import CONFIG, MADE_BY, read_config
from ichor.pages.run_tables import write_page
from ichor.runs.evaluate import evaluate_folder
from ichor.runs.files import METRICS, read_metrics
from ichor.runs.kept import read_prediction, read_raw
from ichor.runs.predictions import write_predictions

DATA = "data.json"
REPORTED = "reported.json"
CommandOf = Callable[[Sequence[int]], str]


def cross_validate(
    config: ExperimentConfig,
    dataset: Dataset,
    run: Path,
    folds: Iterable[int],
    *,
    command_of: CommandOf,
    raw_output: Path | None = None,
    start: str | Path | None = None,
) -> dict[str, Any] | None:
    """Run these folds of an experiment, 1 to 5, and report the metrics of all folds finished so far.

    Returns the metrics, which are also written to metrics.json; None on the other ranks of a torchrun group. Work that
    a previous call with the same `run` finished is not repeated. `command_of` gives the command for a set of folds, to
    be recorded, since several calls may have made them. `raw_output` is a run of the experiment that
    `config.raw_output_of` names. `start` is a model package, by name or folder, from whose weights each fold starts.
    Raises BadConfig if `run` holds another experiment, other data or another start, if `raw_output` is missing, not
    asked for or from another experiment or network, if `start` has another network or was trained on a test subject,
    or if a block of a fold has no subject in the dataset.
    """
    asked = [fold_of(config, dataset, number) for number in folds]
    for fold in asked:
        require_blocks(fold, dataset)
    if config.cross_fitted:
        require_no_validation(config)
    if raw_output is not None or config.raw_output_of is not None:
        _check_raw_output(config, dataset, raw_output)
    started = None if start is None else read_start(start, config)
    if started is not None:
        # The package must not have been trained on subjects to calibrate on, either.
        blocks = [fold_of(config, dataset, k) for k in range(1, N_FOLDS + 1)] if config.cross_fitted else asked
        started.require_unseen(dataset, [subject for fold in blocks for subject in fold.test])
    if is_first_rank():
        claim(run, config, dataset, **started_from(started))
    for fold in asked:
        if raw_output is not None:
            postprocess_again(config, raw_output, run, fold, command_of([fold.number]))
        else:
            fit_and_predict(config, dataset, run, fold, command_of([fold.number]), started)
    return _report(config, dataset, run, command_of) if is_first_rank() else None


def probabilities_in(run: Path) -> Callable[[str], NDArray[np.float32] | None]:
    """A function that returns a subject's out-of-fold voxel probabilities (n, rows, columns), or None if not kept."""

    def probability_of(subject: str) -> NDArray[np.float32] | None:
        files = [kept_file(run, number, subject) for number in range(1, N_FOLDS + 1)]
        kept = next((f for f in files if f.exists()), None)
        voxels = None if kept is None else read_raw(kept).voxels.get("probability")
        return None if voxels is None else voxels.probability()

    return probability_of


def _report(config: ExperimentConfig, dataset: Dataset, run: Path, command_of: CommandOf) -> dict[str, Any]:
    """Compute the metrics of all finished folds, unless they are up to date."""
    with one_at_a_time(run):  # processes that run folds may finish at the same time
        done = [f for f in (fold_of(config, dataset, k) for k in range(1, N_FOLDS + 1)) if is_predicted(run, f)]
        numbers = [fold.number for fold in done]
        of = json.dumps({fold.number: digest(run, fold) for fold in done})
        if (run / METRICS).exists() and (run / REPORTED).exists() and (run / REPORTED).read_text() == of:
            return read_metrics(run)
        for name in (METRICS, REPORTED):  # so that metrics never lie next to masks they were not computed from
            (run / name).unlink(missing_ok=True)
        predictions = (read_prediction(kept_file(run, f.number, s)) for f in done for s in f.test)
        write_predictions(run, predictions, dataset)
        header = {
            "experiment": config.name,
            "config": config.model_dump(mode="json"),
            "folds": numbers,
            "made_by": {
                **_made_by(run, done),
                "command": command_of(numbers),
                "reduced": config.reduced,
                "seeded": is_given_seeds(get(config.method)(**config.settings)),
            },
        }
        metrics = evaluate_folder(run, dataset, header)
        write_page(run, metrics)
        write_whole(run / REPORTED, of)
        return metrics


def _made_by(run: Path, folds: Sequence[Fold]) -> dict[str, Any]:
    """How the folds were made: distinct commits and machines, total seconds of training, each fold's parameters."""
    models = {f.number: fold_folder(run, f.number) / MODEL for f in folds}
    # A fold that postprocesses another run's raw output has no model of its own.
    parameters = {str(k): read_config(model).parameters for k, model in models.items() if (model / CONFIG).exists()}
    makings = [fold_folder(run, f.number) / MADE_BY for f in folds]
    done = {str(f.number) for f in folds}  # other networks were trained for other folds
    makings += [file for file in sorted((run / NETWORKS).glob(f"*/{MADE_BY}")) if done & {*file.parent.name.split("-")}]
    each = [json.loads(file.read_text(encoding="utf-8")) for file in makings]
    return {
        "commit": ", ".join(dict.fromkeys(str(one["commit"]) for one in each)),
        "hardware": "; ".join(dict.fromkeys(str(one["hardware"]) for one in each)),
        "seconds": round(sum(float(one["seconds"]) for one in each), 1),
        "parameters": {fold: values for fold, values in parameters.items() if values},
    }


def _check_raw_output(config: ExperimentConfig, dataset: Dataset, run: Path | None) -> None:
    wanted = config.raw_output_of
    if run is None:
        raise BadConfig(f"{config.name}: expected --raw-output, a run of {wanted} to postprocess, found none")
    if wanted is None:
        raise BadConfig(f"{config.name}: expected no --raw-output, it fits a method of its own, found {run}")
    try:
        found = yaml.safe_load((run / CONFIG).read_text(encoding="utf-8"))
        name, settings = found["name"], dict(found["settings"])
        data = json.loads((run / DATA).read_text(encoding="utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise BadConfig(f"{run}: expected a run of {wanted}, found none") from error
    if name != wanted:
        raise BadConfig(f"{run}: expected a run of {wanted}, found one of {name}")
    method = get(config.method)(**config.settings)
    free = require(method, Postprocesses, "postprocess another run's raw output").postprocess_settings
    if differing := [key for key, value in config.settings.items() if key not in free and settings.get(key) != value]:
        names = ", ".join(differing)
        raise BadConfig(f"{run}: expected raw output by the settings of {config.name}, found other {names}")
    _check_data(run, data, dataset)


def claim(run: Path, config: BaseModel, dataset: Dataset, **more: Any) -> None:
    """Reserve the folder for this experiment on this data.

    `more` holds further plain values by name that must be the same. Raises BadConfig if the folder is already used
    with another config, other data or other values.
    """
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
    run.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(run):  # processes that run folds may start at the same time
        if not (run / CONFIG).exists():
            write_whole(run / CONFIG, text)
        elif not _same(found := yaml.safe_load((run / CONFIG).read_text(encoding="utf-8")), config):
            raise BadConfig(
                f"{run}: expected an empty folder or a run of the same config, found a run of "
                f"{found.get('name')!r} with other settings"
            )
        if not (run / DATA).exists():
            write_whole(run / DATA, json.dumps({"fingerprint": dataset.fingerprint, **more}))
        else:
            require_same(run, dataset, **more)


def _same(found: Any, config: BaseModel) -> bool:
    """Whether a run's config is the same; keys that did not exist when it was written have their defaults."""
    if found == config.model_dump(mode="json"):
        return True
    try:
        return type(config).model_validate(found) == config
    except ValidationError:
        return False


def require_same(run: Path, dataset: Dataset, **more: Any) -> None:
    """Raise BadConfig if a run was claimed for other data or with values other than `more`."""
    found = json.loads((run / DATA).read_text(encoding="utf-8"))
    _check_data(run, found.pop("fingerprint"), dataset)
    if "chosen_in" in found:  # its name before 0.2
        found["calibrated_on"] = found.pop("chosen_in")
    for name in sorted({*found, *more}):
        if found.get(name) != more.get(name):
            what = name.replace("_", " ")
            raise BadConfig(
                f"{run}: expected a run with {what} {_short(more.get(name))}, found one with {_short(found.get(name))}"
            )


def started_from(start: Start | None) -> dict[str, Any]:
    """The value under which a run records the package whose weights it starts from."""
    return {} if start is None else {"started_from": f"{start.record.model} {start.record.sha256}"}


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nobody"
    return "none" if value is None else str(value)


def _check_data(run: Path, found: str, dataset: Dataset) -> None:
    if found != dataset.fingerprint:
        raise BadConfig(f"{run}: expected a run on data {dataset.fingerprint[:12]}, found one on {found[:12]}")
