"""Cross-validation inside the training folds: networks, and what they predict for blocks that they were not trained on.

The network trained without blocks A and B predicts block B for outer fold A, whose test block is A, and block A for
outer fold B. So a ring of five networks, 1-2, 2-3, 3-4, 4-5 and 5-1, gives every outer fold two inner test blocks, and
the choice for an outer fold never depends on its test block. Cross-fitting uses the same networks.

RUN/VARIANT/networks/A-B/          the network, as in a run of `ichor crossval`
RUN/VARIANT/inner/A-B/SUBJECT.json the predictions for a subject of block A or B under each condition, at a voxel
                                   probability of 0.5
RUN/VARIANT/calibrated/K/SUBJECT.json the prediction for a subject of an inner test block of outer fold K, unchanged,
                                   with the calibration on the fold's other inner test block
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ichor.atomic import write_whole
from ichor.cli.progress import progress
from ichor.dataset.base import Dataset
from ichor.dataset.folds import N_FOLDS, Fold
from ichor.experiments.config import ExperimentConfig, load_config
from ichor.experiments.crossed import MODEL, network_folder, require_no_validation, train_network
from ichor.experiments.fold import fold_of
from ichor.experiments.run import claim
from ichor.methods.unet_slices.method import UNetSlices
from studies.robustness.conditions import CONDITIONS, Condition
from studies.robustness.figures import Row
from studies.robustness.predictions import predict_row, row_under

RING = tuple((k, k % N_FOLDS + 1) for k in range(1, N_FOLDS + 1))
CALIBRATED = "calibrated"
SHOWN = ("unchanged", "rim-40", "nod-10", "picture-80")

Rows = dict[str, dict[str, Row]]  # of subjects, by condition


@dataclass(frozen=True)
class Variant:
    """A variant of the recipe.

    Attributes:
        name: of its config, or a path to one.
        config: its settings.
        networks: the variant whose networks it uses; its own name, unless it differs only in the calibration.
    """

    name: str
    config: ExperimentConfig
    networks: str

    @classmethod
    def of(cls, words: str) -> Variant:
        """The variant of a word `CONFIG`, or `CONFIG=OTHER` for the networks of another variant."""
        name, _, networks = words.partition("=")
        config = load_config(name)
        require_no_validation(config)
        return cls(name, config, networks or name)

    def folder(self, run: Path) -> Path:
        """Where its predictions are kept."""
        return run / Path(self.name).stem


def conditions(keys: Sequence[str] = SHOWN) -> list[Condition]:
    """The conditions of the robustness study under which variants are compared."""
    return [one for one in CONDITIONS if one.key in keys]


def blocks_of(variant: Variant, dataset: Dataset) -> list[Fold]:
    """The folds; block K is the test block of fold K."""
    return [fold_of(variant.config, dataset, number) for number in range(1, N_FOLDS + 1)]


def networks_folder(variant: Variant, run: Path) -> Path:
    """The run with its networks."""
    return run / Path(variant.networks).stem


def train(variant: Variant, dataset: Dataset, run: Path, command: str) -> None:
    """Train the ring of networks of a variant; those that exist are kept, and an interrupted one continues."""
    if variant.networks != variant.name:
        return
    folder = variant.folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    claim(folder, variant.config, dataset)
    for pair in RING:
        train_network(variant.config, dataset, folder, blocks_of(variant, dataset), pair, command, None)


def method_of(variant: Variant, run: Path, pair: tuple[int, int]) -> UNetSlices:
    """The method with the network without these blocks and the variant's settings, not calibrated."""
    method = UNetSlices.load(network_folder(networks_folder(variant, run), *pair) / MODEL)
    method.settings = UNetSlices(**variant.config.settings).settings
    return method


def predict(variant: Variant, dataset: Dataset, run: Path) -> None:
    """Predict both blocks of each network of the ring under all conditions; what exists is kept."""
    blocks = blocks_of(variant, dataset)
    with progress(sum(len(blocks[k - 1].test) for pair in RING for k in pair)) as done:
        for pair in RING:
            method = None
            for subject in (s for k in pair for s in blocks[k - 1].test):
                file = _file(variant, run, pair, subject)
                kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
                if missing := [c for c in conditions() if c.key not in kept]:
                    method = method or method_of(variant, run, pair)
                    case = dataset.case(subject)
                    for condition in missing:
                        kept[condition.key] = row_under(condition, method, case)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    write_whole(file, json.dumps(kept))
                done(f"{variant.name}: without {pair[0]} and {pair[1]}, subject {subject}")


def predict_calibrated(variant: Variant, dataset: Dataset, run: Path) -> None:
    """Predict the inner test blocks of each outer fold, each calibrated on the other one; what exists is kept."""
    blocks = blocks_of(variant, dataset)
    with progress(sum(len(blocks[k - 1].test) for pair in RING for k in pair)) as done:
        for outer in range(1, N_FOLDS + 1):
            used = list(inner_blocks(outer))
            for (pair, inner), (other_pair, other) in (used, used[::-1]):
                files = {s: _calibrated_file(variant, run, outer, s) for s in blocks[inner - 1].test}
                if not all(file.exists() for file in files.values()):
                    method, fitted = method_of(variant, run, pair), method_of(variant, run, other_pair)
                    cases = dataset.cases(blocks[other - 1].test)
                    method.calibrate([fitted.calibration_evidence(case) for case in cases])
                    for subject, file in files.items():
                        file.parent.mkdir(parents=True, exist_ok=True)
                        write_whole(file, json.dumps(predict_row(method, dataset.case(subject))))
                for subject in files:
                    done(f"{variant.name}: calibrated for fold {outer}, subject {subject}")


def inner_blocks(outer: int) -> Iterator[tuple[tuple[int, int], int]]:
    """The networks of the ring that an outer fold may use, each with the block that it predicts."""
    for pair in RING:
        if outer in pair:
            yield pair, pair[1] if pair[0] == outer else pair[0]


def rows_of(variant: Variant, dataset: Dataset, run: Path, outer: int) -> Rows:
    """The predictions that an outer fold chooses by: of the two blocks beside its test block, which is in none."""
    blocks, found = blocks_of(variant, dataset), {}
    for pair, inner in inner_blocks(outer):
        for subject in blocks[inner - 1].test:
            kept: Mapping[str, Row] = json.loads(_file(variant, run, pair, subject).read_text(encoding="utf-8"))
            found[subject] = {c.key: kept[c.key] for c in conditions()}
            file = _calibrated_file(variant, run, outer, subject)
            found[subject][CALIBRATED] = json.loads(file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def _calibrated_file(variant: Variant, run: Path, outer: int, subject: str) -> Path:
    return variant.folder(run) / CALIBRATED / str(outer) / f"{subject}.json"


def _file(variant: Variant, run: Path, pair: tuple[int, int], subject: str) -> Path:
    return variant.folder(run) / "inner" / "-".join(map(str, pair)) / f"{subject}.json"
