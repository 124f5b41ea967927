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
        """Run the network on a batch."""
        ...


@runtime_checkable
class Method(Protocol):
    """What every method must provide; optional abilities are in `ichor.methods.capabilities`.

    A method is constructed from its settings as keyword arguments (unknown ones are refused), trained with `fit` if it
    has anything to learn, and applied with `predict`. `save` writes a folder from which `load` restores the same
    method.
    """

    name: str
    task: Task

    @property
    def settings(self) -> BaseModel:
        """The settings of the method, defaults included."""
        ...

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Train on the training cases; choose thresholds, epochs and the like on the validation cases.

        `workdir` holds whatever lets an interrupted fit continue: calling `fit` again with the same workdir does
        not repeat finished work.
        """
        ...

    def predict(self, scan: Scan) -> Segmentation:
        """Segment or classify one scan, on its own grid. Raises BadConfig if the method is not fitted or loaded."""
        ...

    def save(self, folder: Path) -> None:
        """Write what `load` needs into `folder`, including `config.yaml` (`ichor.methods.saving.save_config`)."""
        ...

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """Load the method that `save` wrote, to run on `threads` threads (all if None).

        Raises BadConfig if the folder does not hold one.
        """
        ...
