"""The state of a simulation after a round, stored as JSON so that no round is computed twice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichor.atomic import write_whole
from ichor.errors import BadConfig
from ichor.evaluate.overlap import Overlaps


@dataclass(frozen=True, slots=True)
class Estimate:
    """A committee's estimate for an unlabeled scan: its uncertainty and the seconds of labeling it."""

    uncertainty: float
    labelling_s: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A held-out subject; lists over slices: pixels of mask and delineation, labels and predicted probabilities."""

    both: list[int]
    predicted: list[int]
    reference: list[int]
    positive: list[bool]
    slice_probability: list[float]

    @classmethod
    def of(cls, overlaps: Overlaps, positive: NDArray[np.bool_], slice_probability: NDArray[np.float64]) -> HeldOut:
        """From the overlaps of a mask, and the labels and probabilities of its slices."""
        return cls(
            overlaps.both.tolist(),
            overlaps.predicted.tolist(),
            overlaps.reference.tolist(),
            positive.tolist(),
            [round(float(p), 6) for p in slice_probability],
        )

    @property
    def overlaps(self) -> Overlaps:
        """The overlaps of mask and delineation."""
        return Overlaps(np.array(self.both), np.array(self.predicted), np.array(self.reference))


@dataclass(frozen=True, slots=True)
class State:
    """The state after a round.

    Attributes:
        labeled: the labeled subjects.
        labelling_s: their modeled labeling time.
        estimates: for the unlabeled subjects, if the strategy needs them.
        tested: the held-out subjects.
        seconds, commit, hardware: of the computation.
    """

    labelled: list[str]
    labelling_s: float
    estimates: dict[str, Estimate]
    tested: dict[str, HeldOut]
    seconds: float
    commit: str | None
    hardware: str


def write_state(file: Path, state: State) -> None:
    """Write a state atomically."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(asdict(state)))


def read_state(file: Path) -> State:
    """The state in a file of `write_state`. Raises BadConfig if it is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        estimates = {subject: Estimate(**one) for subject, one in content["estimates"].items()}
        tested = {subject: HeldOut(**one) for subject, one in content["tested"].items()}
        return State(**{**content, "estimates": estimates, "tested": tested})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadConfig(f"{file}: expected the state after a round, found {error!r}; delete it") from error
