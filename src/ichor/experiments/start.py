"""The package from whose weights training starts: checks its network and the subjects it was trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ichor.dataset.base import Dataset
from ichor.dataset.naming import named
from ichor.dataset.trained import seen_in
from ichor.errors import BadConfig
from ichor.experiments.config import ExperimentConfig
from ichor.methods import get
from ichor.methods.capabilities import StartsFromWeights, require
from ichor.models.package import NETWORK, PackageConfig, StartedFrom, find_package, read_config, sha256, verify


@dataclass(frozen=True)
class Start:
    """A package's folder, and what is recorded about it in the result."""

    folder: Path
    record: StartedFrom

    def require_unseen(self, dataset: Dataset, subjects: Iterable[str]) -> None:
        """Raise BadConfig if the package was trained on any of these subjects."""
        if seen := sorted(set(seen_in(dataset, self.record.training)).intersection(subjects)):
            raise BadConfig(
                f"{self.folder}: expected a package that was not trained on subjects to test or calibrate on, "
                f"found one trained on {named(seen)} of the same dataset"
            )


def read_start(package: str | Path, config: ExperimentConfig) -> Start:
    """The package, by folder or by the name of a built-in one, from whose weights this experiment starts.

    Raises BadConfig if it is damaged, does not record its training subjects, or has another network.
    """
    folder = find_package(package)
    verify(folder)
    found = read_config(folder)
    if found.training is None:
        raise BadConfig(f"{folder}: expected a package that lists its training subjects, found one that does not")
    _require_network(folder, found, config)
    record = StartedFrom(
        model=found.model, version=found.version, sha256=sha256(folder / NETWORK), training=found.training
    )
    return Start(folder, record)


def _require_network(folder: Path, found: PackageConfig, config: ExperimentConfig) -> None:
    """Raise BadConfig, naming the differences, if the package's network is not the experiment's."""
    if found.method != config.method:
        raise BadConfig(f"{folder}: expected a package of the method {config.method}, found one of {found.method}")
    ours, theirs = (
        require(get(config.method)(**settings), StartsFromWeights, "start from another's weights").network_shape
        for settings in (config.settings, found.settings)
    )
    if differing := [name for name in ours if ours[name] != theirs[name]]:
        expected, others = (", ".join(f"{name} {of[name]}" for name in differing) for of in (ours, theirs))
        raise BadConfig(f"{folder}: expected the network of {config.name}, {expected}, found {others}")
