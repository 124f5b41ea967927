"""A model package: a folder that holds a trained method and all that is known of it.

model.onnx      the network, where the method has one
model.int8.onnx the same in int8, where it was quantized
rescorer.onnx   the network over a scan's slices, where the method has one
known-answer.npz  an input and what the networks say of it, to tell a machine that computes wrong
config.yaml     which method, its settings, what was chosen on subjects that it was not trained on
metrics.json    its figures on the test fold, or those of the recipe over all folds
made_by.json    the command that trained it, its commit, the hardware, and how long it took
about.yaml      what people say of the recipe: how it was found, and where it fails; where anybody wrote that
MODEL_CARD.md   all of it for people
SHA256SUMS      of those above, in the form of `sha256sum`
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

DEFAULT_MODEL = "model"
CONFIG = "config.yaml"
NETWORK, INT8, RESCORER = "model.onnx", "model.int8.onnx", "rescorer.onnx"
SUMS = "SHA256SUMS"
CARD = "MODEL_CARD.md"
MADE_BY = "made_by.json"
# A line of it, as `sha256sum` writes them. The name is one of our own: no path, nothing hidden.
_SUM = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")


class Training(BaseModel):
    """On whom a model was trained: the dataset's fingerprint, the fold, and the subjects by their part in it.

    Where `fold` is None it was trained on all subjects but those `left_out`: there are no validation and no test
    subjects. `started_from` is the package whose weights it went on from.
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

    def seen(self, fingerprint: str) -> frozenset[str]:
        """The subjects of that dataset that the weights may owe something to, through what they started from too."""
        earlier = frozenset[str]() if self.started_from is None else self.started_from.training.seen(fingerprint)
        if self.fingerprint != fingerprint:
            return earlier
        return earlier.union(self.training_subjects, self.validation_subjects)


class StartedFrom(BaseModel):
    """A package that a training went on from: its name, the SHA-256 of its network, and its own training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    version: str
    sha256: str
    training: Training


class PackageConfig(BaseModel):
    """What config.yaml holds.

    `model` and `version` name the trained model; `parameters` are what its method learned, or what was
    calibrated for it, beside the network's weights; `training` says on whom (None for a method that was saved outside
    a run); `network` is the file that runs.
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
    """The operating point that the package in `folder` decides at: the one asked for, else its own if it has any.

    Raises BadConfig, naming those that it has, where the one asked for is none of them.
    """
    parameters = read_config(folder).parameters
    names = list(parameters.get("operating_points", {}))
    if asked is not None and asked not in names:
        expected = f"one of the operating points {', '.join(names)}" if names else "a model with operating points"
        raise BadConfig(f"{folder}: expected {expected}, found {asked if names else 'one without'}")
    return asked or parameters.get("operating_point")


def find_package(model: str | Path) -> Path:
    """The folder of a package, by the name of one that ships or by path. Raises BadConfig where there is none."""
    shipped = Path(str(files("ichor.models")))
    if (shipped / str(model) / CONFIG).is_file() and Path(str(model)).name == str(model):
        return shipped / str(model)
    if (Path(model) / CONFIG).is_file():
        return Path(model)
    names = sorted(folder.parent.name for folder in shipped.glob(f"*/{CONFIG}"))
    raise BadConfig(f"{model}: expected a model package or one of {', '.join(names) or 'none'}, found neither")


def read_config(folder: Path) -> PackageConfig:
    """The package's config.yaml. Raises BadConfig where it is missing or does not hold what it should."""
    file = folder / CONFIG
    try:
        return _parse_config(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadConfig(f"{file}: expected a model package's configuration, found {one_line(error)}") from error


@lru_cache(maxsize=8)
def _parse_config(text: str) -> PackageConfig:
    """The configuration in `text`, parsed once: a command asks for that of its package several times."""
    # libyaml's loader where PyYAML was built with it: Python's own takes far longer.
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
    """Raise BadConfig where the package's files are not exactly those that it was packed with.

    SHA256SUMS names plain files of the folder, each once, and there is no other. A folder without it is a method just
    saved, not yet exported, with nothing to be held against; it has no card either, as every exported package does.
    """
    sums = folder / SUMS
    if not sums.exists():
        if (folder / CARD).exists():
            raise BadConfig(f"{sums}: expected the checksums of an exported package, found no such file")
        return
    expected = _read_sums(sums)
    for extra in sorted({one.name for one in folder.iterdir()} - set(expected) - {SUMS}):
        raise BadConfig(f"{folder / extra}: expected only files that {SUMS} names, found one more")
    for name, digest in expected.items():
        file = folder / name
        found = sha256(file) if file.is_file() and not file.is_symlink() else "no such file"
        if found != digest:
            raise BadConfig(f"{file}: expected SHA-256 {digest}, found {found}")


def _read_sums(sums: Path) -> dict[str, str]:
    """The digest of each file that SHA256SUMS names. Raises BadConfig for a line that names no file of the folder."""
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
    """An error's message in one line; of a validation, its first finding and where."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:  # of the settings as a whole, whose message says what does not fit
            return message
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {message.lower()} ({first['input']!r:.60})"
    return " ".join(str(error).split())
