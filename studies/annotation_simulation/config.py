"""The configuration of a simulation; unknown keys are refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from ichor.errors import BadConfig
from ichor.methods.unet_slices.settings import UNetSlicesSettings
from ichor.models.package import one_line
from ichor.train.settings import Strict, TrainingSettings

DEFAULT = Path(__file__).with_name("active-learning.yaml")


class SimulationConfig(Strict):
    """One simulation. Each repeat of a fold has its own seed, and thus its own start, random order and networks."""

    name: str = Field(min_length=1)
    reduced: bool = Field(False, description="whether this is a reduced version of a larger experiment")
    folds: tuple[int, ...] = Field((1, 2, 3, 4, 5), min_length=1, description="the authors' folds, each held out once")
    repeats: int = Field(1, ge=1, description="repeats of each fold, each with another seed")
    start: int = Field(6, ge=2, description="subjects labelled before the first round, half of them with hemorrhage")
    rounds: int = Field(3, ge=1)
    budget_min: float = Field(25, gt=0, description="minutes of labelling per round; unused time is carried over")
    committee: int = Field(2, ge=2, description="networks per committee")
    first_steps: int = Field(150, ge=1, description="training steps of each network on the start")
    steps: int = Field(75, ge=1, description="further training steps per round, regardless of the number of slices")
    settings: UNetSlicesSettings

    @field_validator("folds")
    @classmethod
    def _are_folds(cls, folds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(folds)) < len(folds) or not set(folds) <= {1, 2, 3, 4, 5}:
            raise ValueError("expected folds from 1 to 5, each once")
        return folds

    @model_validator(mode="after")
    def _leaves_epochs_to_steps(self) -> Self:
        if "epochs" in self.settings.training.model_fields_set:
            raise ValueError("expected steps and no settings.training.epochs, found both")
        return self

    def training(
        self, steps: int, n_positive: int, n_negative: int, *, seed_of: tuple[int, int, int]
    ) -> TrainingSettings:
        """The training settings of one network, with the number of epochs that makes up the steps.

        `seed_of` is its fold, its repeat and its number in the committee. The seed does not depend on strategy or
        round, so that networks only differ in the labeled subjects.
        """
        settings = self.settings
        n_slices = n_positive + min(n_negative, max(1, round(settings.negatives * n_positive)))
        epochs = max(1, round(steps / math.ceil(n_slices / settings.training.batch)))
        fold, repeat, member = seed_of
        seed = ((settings.training.seed * 10 + fold) * 100 + repeat) * 100 + member
        return settings.training.model_copy(update={"epochs": epochs, "seed": seed})


def load_simulation(file: Path = DEFAULT) -> SimulationConfig:
    """Read a simulation's configuration. Raises BadConfig, with a message of one line, if it is not valid."""
    try:
        return SimulationConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadConfig(f"{file}: expected a simulation's configuration, found {one_line(error)}") from error
