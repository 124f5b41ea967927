"""Cross-fitting: a fold is trained on all blocks but its test block, and calibrated on two of these out-of-fold.

The validation block alone has sixteen scans, among them four or ten with hemorrhage: too few to calibrate on, and a
quarter of what could be trained on. So beside the fold's own method, fitted on all but its test block, there are two
that saw neither the test block nor one of the two next to it in the ring of blocks, and the fold is calibrated on
their output for the blocks that they did not see. A fit without blocks A and B serves both folds A and B: five folds
take five of these, and five of their own.

RUN/networks/A/            what the training without block A leaves: checkpoint.pt, history.jsonl, weights.pt
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
    """Train the network without the block of fold `test` and those without it and one next to it, if not there yet.

    `blocks` are all folds, whose test blocks these are.
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
    """Train the network without these blocks, if it is not there yet; `blocks` are as in `train_networks`."""
    folder = network_folder(run, *without)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if not _is_there(folder / MODEL / CONFIG):
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
    """The blocks before and after it in the ring."""
    return (test - 2) % N_FOLDS + 1, test % N_FOLDS + 1


def _train(
    config: ExperimentConfig, dataset: Dataset, subjects: list[str], folder: Path, command: str, start: Start | None
) -> None:
    method = get(config.method)(**config.settings)
    started, made_at = time.perf_counter(), commit()  # the checkout may move on while this process fits
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
    """A block that one process, or one torchrun group, at a time enters."""
    if is_first_rank():
        with one_at_a_time(folder):
            yield
    else:  # `_is_there` waits for the first rank
        yield


def _is_there(file: Path) -> bool:
    """Whether the file is there; all ranks of a torchrun group hear it from the first one, which writes such files."""
    if "RANK" not in os.environ:
        return file.exists()
    from ichor.train.loop import everywhere, make_fabric

    return everywhere(make_fabric(), file)
