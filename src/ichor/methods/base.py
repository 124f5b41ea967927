"""The `Method` protocol: anything that segments a scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ichor.scan import Scan
from ichor.segmentation import Segmentation

if TYPE_CHECKING:
    from ichor.dataset.case import Case


# What the costly part of a method says of a scan, by name: arrays over its n slices, on the scan's own grid. Every
# method gives `probability` (n, rows, columns) float32; a method may give more that its decision needs.
Answer = Mapping[str, NDArray[Any]]


class Forward(Protocol):
    """A network ready to run: an exported model in an engine, or the torch module while it trains.

    Takes float32 HU of shape (N, C, H, W); returns the outputs by name, `probability` (N, H, W) among them.
    """

    def __call__(self, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The network's outputs for a batch."""
        ...


@runtime_checkable
class Method(Protocol):
    """Anything that segments.

    A method is made from its settings (unknown keys are refused), learns with `fit` where it learns, and answers
    with `predict`, which is `answer` (the network) followed by `decide` (thresholds and what follows them). `save`
    writes a folder that `load` reads back to the same answers.
    """

    name: str
    model: str | None
    version: str

    @property
    def settings(self) -> BaseModel:
        """What the method was made from, defaults included."""
        ...

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Learn from the training cases, choose what is to be chosen on the validation cases.

        `workdir` holds whatever lets an interrupted fit continue: calling `fit` again with the same workdir does
        not do finished work twice.
        """
        ...

    def predict(self, scan: Scan) -> Segmentation:
        """The method's answer for one scan, on the scan's own grid."""
        ...

    def answer(self, scan: Scan) -> Answer:
        """What the method's network says of a scan, before anything is decided."""
        ...

    def decide(self, answer: Answer) -> Segmentation:
        """What `predict` makes of an answer; cheap, and needs no network."""
        ...

    def mask_at(self, probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
        """The mask that `predict` would give of these probabilities at another voxel threshold."""
        ...

    def save(self, folder: Path) -> None:
        """Write what `load` needs into `folder`."""
        ...

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """The method that `save` wrote, to run on so many threads (all if None).

        Raises BadConfig where the folder does not hold one.
        """
        ...
