"""An experiment's configuration: a YAML file. The built-in ones are package data."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import AliasChoices, Field, ValidationError

from ichor.errors import BadConfig
from ichor.methods import get
from ichor.models.package import one_line
from ichor.train.settings import Strict

STRATIFIED = "stratified"


class ExperimentConfig(Strict):
    """One experiment: a method with its settings, and the folds of subjects.

    Unknown keys are refused, also in `settings`.
    """

    name: str = Field(min_length=1)
    method: str
    folds: str = Field(
        "authors",
        description=f"the name of folds that the dataset defines, or `{STRATIFIED}`: each subtype evenly distributed",
    )
    folds_seed: int = Field(0, ge=0, description="seed of the stratified folds")
    fold: int = Field(1, ge=1, le=5, description="the fold for `ichor train`; `ichor crossval` runs all")
    reduced: bool = Field(False, description="whether this is a smaller version of another experiment")
    cross_fitted: bool = Field(
        False,
        description="whether a fold is calibrated on the blocks next to its own, by networks not trained on them",
    )
    raw_output_of: str | None = Field(
        None,
        description="the experiment whose out-of-fold raw output is postprocessed again, without any training",
        validation_alias=AliasChoices("raw_output_of", "answers_of"),  # `answers_of` before 0.2
    )
    settings: dict[str, Any] = Field(default_factory=dict)


def load_config(name_or_path: str, *, folds: str | None = None) -> ExperimentConfig:
    """Load a config by path, or by the name of a built-in one (`compact`, `paper/threshold`), with all defaults set.

    `folds` replaces the name of the folds in it. Raises BadConfig if there is none, or if it is not valid.
    """
    file = find_config(name_or_path)
    try:
        config = ExperimentConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        method = get(config.method)(**config.settings)  # methods check their own settings
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadConfig(f"{file}: expected an experiment's configuration, found {one_line(error)}") from error
    other = {} if folds is None else {"folds": folds}
    return config.model_copy(update={"settings": method.settings.model_dump(mode="json"), **other})


def find_config(name_or_path: str) -> Path:
    """The file of a config, by path or by the name of a built-in one. Raises BadConfig if there is none."""
    shipped = Path(str(files("ichor.experiments"))) / "configs"
    file = Path(name_or_path)
    if not file.is_file():
        file = shipped / f"{name_or_path}.yaml"
    if not file.is_file():
        names = sorted(f.relative_to(shipped).with_suffix("").as_posix() for f in shipped.rglob("*.yaml"))
        raise BadConfig(f"{name_or_path}: expected a YAML file or one of {', '.join(names)}, found neither")
    return file
