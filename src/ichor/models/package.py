"""A model package: a folder with a trained method and all information about it.

model.onnx      the network, if the method has one
model.int8.onnx the same in int8, if it was quantized
rescorer.onnx   the network over a scan's slices, if the method has one
candidates.onnx the network that classifies candidate lesions, if the method has one
known-answer.npz  an input and the exact outputs of the networks, to detect machines that compute wrongly
config.yaml     the method, its settings, and parameters calibrated on subjects that it was not trained on
metrics.json    metrics on the test fold, or those of the recipe over all folds
verdict.json    thresholds of verdicts on scans (see verdict.py), if the recipe was tested on several folds
derived.json    the package that it derives from, and what was changed, if it derives from one (see derived.py)
scan_scores.csv the out-of-fold probabilities of the scans that the recipe was tested on (see reference.py)
made_by.json    the command that trained it, its commit, the hardware, and the duration
about.yaml      description of the recipe: how it was found, and its limitations; if anybody wrote one
MODEL_CARD.md   all of it for people
SHA256SUMS      of the files above, in the format of `sha256sum`
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from ichor.atomic import write_whole
from ichor.errors import BadConfig

DEFAULT_MODEL = "ichor-1"
CONFIG = "config.yaml"
NETWORK, INT8, RESCORER = "model.onnx", "model.int8.onnx", "rescorer.onnx"
SUMS = "SHA256SUMS"
CARD = "MODEL_CARD.md"
MADE_BY = "made_by.json"
# A line of SHA256SUMS, in the format of `sha256sum`. The name is a simple one: no path, nothing hidden.
_SUM = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")


class TrainedOn(BaseModel):
    """A dataset that a model was trained on, and its terms as they were known then (see `ichor.dataset.facts`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    title: str
    fingerprint: str
    licence: str
    licence_url: str
    commercial: bool | None
    share_weights: bool | None
    share_alike: bool
    note: str = ""


class Training(BaseModel):
    """The training data of a model: the dataset's fingerprint, the fold, and the subjects by their role in it.

    If `fold` is None it was trained on all subjects except those `left_out`: there are no validation and no test
    subjects.
    `started_from` is the package whose weights training started from.
    `datasets` are the datasets by the beginning of their subjects' names, empty text for a single one; empty for a
    release that `ichor.dataset.known` knows by its fingerprint. `persons` are the people whose names several datasets
    share, as `rsna2019:ID_0`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    experiment: str
    fingerprint: str
    fold: int | None
    training_subjects: tuple[str, ...]
    validation_subjects: tuple[str, ...] = ()
    test_subjects: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    started_from: StartedFrom | None = None
    datasets: dict[str, TrainedOn] = {}
    persons: tuple[str, ...] = ()

    def seen(self, fingerprint: str) -> frozenset[str]:
        """The subjects of that dataset that may have influenced the weights, including through earlier training."""
        earlier = frozenset[str]() if self.started_from is None else self.started_from.training.seen(fingerprint)
        own = (*self.training_subjects, *self.validation_subjects)
        if self.fingerprint == fingerprint:
            return earlier.union(own)
        starts = [start for start, one in self.datasets.items() if one.fingerprint == fingerprint]
        return earlier.union(s.removeprefix(start) for start in starts for s in own if s.startswith(start))

    @property
    def lineage(self) -> tuple[Training, ...]:
        """This training and those of the packages that it started from, the latest first."""
        return (self, *(() if self.started_from is None else self.started_from.training.lineage))


class StartedFrom(BaseModel):
    """The package that training started from: its name, the SHA-256 of its network, and its own training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    version: str
    sha256: str
    training: Training


class PackageConfig(BaseModel):
    """The content of config.yaml.

    `model` and `version` name the trained model; `parameters` were learned or calibrated in addition to the network's
    weights; `training` describes the training data (None for a method that was saved outside a run); `network` is the
    file that is run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)

    model: str
    version: str
    method: str
    settings: dict[str, Any]
    # Packages made before 0.2 call them `chosen`.
    parameters: dict[str, Any] = Field(validation_alias=AliasChoices("parameters", "chosen"))
    training: Training | None = None
    network: str = Field("model.onnx", pattern=r"^model(\.int8)?\.onnx$")


def operating_point_of(folder: Path, asked: str | None = None) -> str | None:
    """The operating point used by the package in `folder`: the requested one, otherwise its default, if it has any.

    Raises BadConfig, listing the available ones, if the requested one does not exist.
    """
    parameters = read_config(folder).parameters
    names = list(parameters.get("operating_points", {}))
    if asked is not None and asked not in names:
        expected = f"one of the operating points {', '.join(names)}" if names else "a model with operating points"
        raise BadConfig(f"{folder}: expected {expected}, found {asked if names else 'one without'}")
    return asked or parameters.get("operating_point")


def find_package(model: str | Path) -> Path:
    """The folder of a package, by the name of a shipped one or by path. Raises BadConfig if there is none."""
    shipped = Path(str(files("ichor.models")))
    if (shipped / str(model) / CONFIG).is_file() and Path(str(model)).name == str(model):
        return shipped / str(model)
    if (Path(model) / CONFIG).is_file():
        return Path(model)
    names = sorted(folder.parent.name for folder in shipped.glob(f"*/{CONFIG}"))
    raise BadConfig(f"{model}: expected a model package or one of {', '.join(names) or 'none'}, found neither")


def read_config(folder: Path) -> PackageConfig:
    """The package's config.yaml. Raises BadConfig if it is missing or invalid."""
    file = folder / CONFIG
    try:
        return _parse_config(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadConfig(f"{file}: expected a model package's configuration, found {one_line(error)}") from error


@lru_cache(maxsize=8)
def _parse_config(text: str) -> PackageConfig:
    """The configuration in `text`, parsed once: a command needs that of its package several times."""
    # libyaml's loader if PyYAML was built with it: the Python one is much slower.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return PackageConfig.model_validate(yaml.load(text, Loader=loader))  # noqa: S506 (both loaders are safe ones)


def write_config(folder: Path, config: PackageConfig) -> None:
    """Write config.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / CONFIG, yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS over all other files of the package."""
    lines = [f"{sha256(f)}  {f.name}\n" for f in sorted(folder.iterdir()) if f.is_file() and f.name != SUMS]
    write_whole(folder / SUMS, "".join(lines))


def verify(folder: Path) -> None:
    """Raise BadConfig unless the package's files are exactly those that it was exported with.

    SHA256SUMS lists regular files of the folder, each once, and there is no other file. A folder without it is a method
    that was saved but not exported, which cannot be verified; it has no model card, either.
    """
    sums = folder / SUMS
    if not sums.exists():
        if (folder / CARD).exists():
            raise BadConfig(f"{sums}: expected the checksums of an exported package, found no such file")
        return
    expected = _read_sums(sums)
    for extra in sorted({one.name for one in folder.iterdir()} - set(expected) - {SUMS}):
        raise BadConfig(f"{folder / extra}: expected only files listed in {SUMS}, found another one")
    for name, digest in expected.items():
        file = folder / name
        found = sha256(file) if file.is_file() and not file.is_symlink() else "no such file"
        if found != digest:
            raise BadConfig(f"{file}: expected SHA-256 {digest}, found {found}")


def _read_sums(sums: Path) -> dict[str, str]:
    """The digest of each file listed in SHA256SUMS. Raises BadConfig for an invalid line."""
    try:
        lines = sums.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"{sums}: expected checksums, found {one_line(error)}") from error
    listed: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        match = _SUM.fullmatch(line)
        if match is None or match["name"] == SUMS:
            raise BadConfig(f"{sums}: expected a SHA-256 and the name of a file of the package, found line {number}")
        if match["name"] in listed:
            raise BadConfig(f"{sums}: expected each file once, found {match['name']} again in line {number}")
        listed[match["name"]] = match["digest"]
    return listed


def sha256(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def one_line(error: Exception) -> str:
    """An error's message in one line; for a validation error, its first finding and location."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:  # a finding about the settings as a whole
            return message
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {message.lower()} ({first['input']!r:.60})"
    return " ".join(str(error).split())
