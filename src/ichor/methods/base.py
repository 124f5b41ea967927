"""The `Method` protocol: anything that segments hemorrhage, detects it, or both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ichor.scan import Scan
from ichor.segmentation import Segmentation, Task

if TYPE_CHECKING:
    from ichor.dataset.case import Case


class Forward(Protocol):
    """A network ready to run: an exported model in an engine, or the torch module while it trains.

    Takes float32 HU of shape (N, C, H, W); returns the outputs by name, `probability` (N, H, W) among them.
    """

    def __call__(self, hu: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """The network's outputs for a batch."""
        ...


@runtime_checkable
class Method(Protocol):
    """All that a method must be; `ichor.methods.capabilities` holds what it may be beside.

    A method is made from its settings as keyword arguments (unknown ones are refused), learns with `fit` where it
    learns anything, and segments or detects with `predict`. `save` writes a folder from which `load` makes the same
    method again.
    """

    name: str
    task: Task

    @property
    def settings(self) -> BaseModel:
        """What the method was made from, defaults included."""
        ...

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Learn from the training cases; choose thresholds, epochs and the like on the validation cases.

        `workdir` holds whatever lets an interrupted fit continue: calling `fit` again with the same workdir does
        not do finished work twice.
        """
        ...

    def predict(self, scan: Scan) -> Segmentation:
        """The method's output for one scan, on the scan's own grid. Raises BadConfig if it is not fitted or loaded."""
        ...

    def save(self, folder: Path) -> None:
        """Write what `load` needs into `folder`, `config.yaml` among it (`ichor.methods.saving.save_config`)."""
        ...

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """The method that `save` wrote, to run on so many threads (all if None).

        Raises BadConfig where the folder does not hold one.
        """
        ...
