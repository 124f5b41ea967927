"""What a simulation is made of; unknown keys are refused."""

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
    """One simulation. A repeat of a fold has a start, an order and networks of its own, by its own seed."""

    name: str = Field(min_length=1)
    reduced: bool = Field(False, description="whether this stands for a larger experiment")
    folds: tuple[int, ...] = Field((1, 2, 3, 4, 5), min_length=1, description="the authors' folds, each held out once")
    repeats: int = Field(1, ge=1, description="how often each fold is done, with another seed each time")
    start: int = Field(6, ge=2, description="subjects labelled before the first round, half of them with hemorrhage")
    rounds: int = Field(3, ge=1)
    budget_min: float = Field(25, gt=0, description="minutes of labelling a round; what is left over is kept")
    committee: int = Field(2, ge=2, description="networks a committee")
    first_steps: int = Field(150, ge=1, description="training steps of a network on the start")
    steps: int = Field(75, ge=1, description="further steps a round, however many slices are labelled")
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
        """How one network is trained on so many slices: as many epochs as the steps make.

        `seed_of` are its fold, repeat and number in the committee. The seed does not depend on strategy or round, so
        that what is labelled is all that differs between networks.
        """
        settings = self.settings
        shown = n_positive + min(n_negative, max(1, round(settings.negatives * n_positive)))
        epochs = max(1, round(steps / math.ceil(shown / settings.training.batch)))
        fold, repeat, member = seed_of
        seed = ((settings.training.seed * 10 + fold) * 100 + repeat) * 100 + member
        return settings.training.model_copy(update={"epochs": epochs, "seed": seed})


def load_simulation(file: Path = DEFAULT) -> SimulationConfig:
    """The simulation in a file. Raises BadConfig with one line if it is none."""
    try:
        return SimulationConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise BadConfig(f"{file}: expected a simulation's configuration, found {one_line(error)}") from error
