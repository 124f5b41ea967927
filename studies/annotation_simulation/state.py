"""What is known after a round: kept as JSON, so that no round is done twice."""

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
    """What a committee says of a scan that is not labelled: its uncertainty, and the seconds it would take."""

    uncertainty: float
    labelling_s: float


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A held-out subject of n slices: pixels in mask and delineation, in either, and what is said of each slice."""

    both: list[int]
    predicted: list[int]
    reference: list[int]
    positive: list[bool]
    slice_probability: list[float]

    @classmethod
    def of(cls, overlaps: Overlaps, positive: NDArray[np.bool_], slice_probability: NDArray[np.float64]) -> HeldOut:
        """The counts of a mask, the labels of its slices and the probabilities of these."""
        return cls(
            overlaps.both.tolist(),
            overlaps.predicted.tolist(),
            overlaps.reference.tolist(),
            positive.tolist(),
            [round(float(p), 6) for p in slice_probability],
        )

    @property
    def overlaps(self) -> Overlaps:
        """The counts."""
        return Overlaps(np.array(self.both), np.array(self.predicted), np.array(self.reference))


@dataclass(frozen=True, slots=True)
class State:
    """After a round: who is labelled, in what modelled time, what is estimates of the others, how the test went.

    `seconds`, `commit` and `hardware` are those of the computer's own work.
    """

    labelled: list[str]
    labelling_s: float
    estimates: dict[str, Estimate]
    tested: dict[str, HeldOut]
    seconds: float
    commit: str | None
    hardware: str


def write_state(file: Path, state: State) -> None:
    """Write it in one step."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(asdict(state)))


def read_state(file: Path) -> State:
    """The state in a file of `write_state`. Raises BadConfig if it is damaged."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        estimates = {subject: Estimate(**one) for subject, one in kept["estimates"].items()}
        tested = {subject: HeldOut(**one) for subject, one in kept["tested"].items()}
        return State(**{**kept, "estimates": estimates, "tested": tested})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadConfig(f"{file}: expected what is known after a round, found {error!r}; delete it") from error
