"""Cross-fitting: a fold is trained on all blocks except its test block, and calibrated on two of them out-of-fold.

A validation block has sixteen scans, four to ten of them with hemorrhage: too few to calibrate on, and a quarter of
what could be used for training. So in addition to the fold's own network, trained on all blocks except the test block,
two more are trained without the test block and without one of the two blocks next to it (in cyclic order). The fold is
calibrated on their output for the blocks that they were not trained on. A network trained without blocks A and B serves
both folds A and B, so that five folds need five of these and five of their own.

RUN/networks/A/            files of the training without block A: checkpoint.pt, history.jsonl, weights.pt
RUN/networks/A-B/          the same without blocks A and B
RUN/networks/A-B/model/    the fitted method as a package, not calibrated yet
RUN/networks/A-B/made_by.json
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from ichor.atomic import whole_folder
from ichor.dataset.base import Dataset
from ichor.dataset.folds import N_FOLDS, Fold
from ichor.errors import BadConfig
from ichor.experiments.config import ExperimentConfig
from ichor.experiments.making import commit, fit_seconds, is_first_rank, write_made_by
from ichor.experiments.start import Start
from ichor.locks import one_at_a_time
from ichor.methods import Method, get
from ichor.methods.capabilities import CrossFits, require
from ichor.models.package import CONFIG

NETWORKS = "networks"
MODEL = "model"


def require_no_validation(config: ExperimentConfig) -> None:
    """Raise BadConfig if the experiment's method cannot be fitted without validation subjects."""
    purpose = "be cross-fitted" if config.cross_fitted else "be trained on all subjects"
    method = get(config.method)(**config.settings)
    try:
        require(method, CrossFits, purpose).require_no_validation()
    except BadConfig as error:
        raise BadConfig(f"{config.name}: {error}") from error


def train_networks(
    config: ExperimentConfig,
    dataset: Dataset,
    run: Path,
    blocks: list[Fold],
    test: int,
    command: str,
    start: Start | None,
) -> None:
    """Train the networks that fold `test` needs, unless already done: without its block, and without one next to it.

    `blocks` are all folds; block K is the test block of fold K.
    """
    for without in (*((test, other) for other in _next_to(test)), (test,)):
        train_network(config, dataset, run, blocks, without, command, start)


def train_network(
    config: ExperimentConfig,
    dataset: Dataset,
    run: Path,
    blocks: list[Fold],
    without: tuple[int, ...],
    command: str,
    start: Start | None,
) -> None:
    """Train the network without these blocks, unless already done; `blocks` is as in `train_networks`."""
    folder = network_folder(run, *without)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if not _exists(folder / MODEL / CONFIG):
            subjects = [s for block in blocks if block.number not in without for s in block.test]
            _train(config, dataset, sorted(subjects), folder, command, start)


def calibrated_crosswise(
    config: ExperimentConfig, run: Path, dataset: Dataset, blocks: list[Fold], test: int
) -> Method:
    """The method fitted without the block of fold `test`, calibrated on the two blocks next to it."""
    evidence: list[Any] = []
    for other in _next_to(test):
        fitted = _load(config, network_folder(run, test, other) / MODEL)
        cases = dataset.cases(blocks[other - 1].test)
        label = f"fold {test}: predicting block {other}"
        evidence += [fitted.calibration_evidence(case) for case in track(cases, label, console=Console(stderr=True))]
    own = get(config.method).load(network_folder(run, test) / MODEL)
    require(own, CrossFits, "be cross-fitted").calibrate(evidence)
    return own


def network_folder(run: Path, *without: int) -> Path:
    """Where a run keeps the network without these blocks."""
    return run / NETWORKS / "-".join(str(block) for block in sorted(without))


def _next_to(test: int) -> tuple[int, int]:
    """The blocks before and after it, in cyclic order."""
    return (test - 2) % N_FOLDS + 1, test % N_FOLDS + 1


def _train(
    config: ExperimentConfig, dataset: Dataset, subjects: list[str], folder: Path, command: str, start: Start | None
) -> None:
    method = get(config.method)(**config.settings)
    started, made_at = time.perf_counter(), commit()  # before training, since the checkout may change meanwhile
    start_folder = None if start is None else start.folder
    require(method, CrossFits, "be cross-fitted").fit_uncalibrated(dataset.cases(subjects), folder, start=start_folder)
    if is_first_rank():
        write_made_by(folder, command, made_at, fit_seconds(folder, time.perf_counter() - started))
        with whole_folder(folder / MODEL) as model:
            method.save(model)


def _load(config: ExperimentConfig, folder: Path) -> CrossFits:
    return require(get(config.method).load(folder), CrossFits, "be cross-fitted")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder, so that only one process or torchrun group works in it at a time."""
    if is_first_rank():
        with one_at_a_time(folder):
            yield
    else:  # `_exists` waits for the first rank
        yield


def _exists(file: Path) -> bool:
    """Whether the file exists; in a torchrun group, the first rank, which writes such files, decides for all."""
    if "RANK" not in os.environ:
        return file.exists()
    from ichor.train.devices import everywhere, make_fabric

    return everywhere(make_fabric(), file)
