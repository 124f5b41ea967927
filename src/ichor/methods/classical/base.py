"""What all classical methods do alike: settings in, a fitted method saved and loaded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from ichor.errors import BadConfig
from ichor.methods.classical.head import GridSettings, Head
from ichor.methods.saving import save_config, unfitted
from ichor.models.package import read_config
from ichor.scan import FloatArray, Scan
from ichor.segmentation import MadeBy, Segmentation, Task
from ichor.train.settings import Strict

if TYPE_CHECKING:
    from ichor.dataset.case import Case


class Settings(Strict):
    """The settings of every classical method."""

    grid: GridSettings = Field(GridSettings(), description="the grid that slices are resampled to")


S = TypeVar("S", bound=Settings)
P = TypeVar("P", bound=BaseModel)


class Classical(ABC, Generic[S, P]):
    """A method with settings `S`, whose `fit` sets `parameters`; a subclass names both types."""

    name: str
    task: Task
    settings_type: ClassVar[type[Settings]]
    parameters_type: ClassVar[type[BaseModel]]

    settings: S

    def __init__(self, **settings: Any) -> None:
        self.settings = self.settings_type(**settings)  # type: ignore[assignment]
        self.parameters: P | None = None

    @abstractmethod
    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Set `parameters` by the training cases."""

    @abstractmethod
    def predict(self, scan: Scan) -> Segmentation:
        """Segment or classify one scan, on its own grid. Raises BadConfig if the method is not fitted or loaded."""

    @property
    def fitted(self) -> P:
        """The parameters. Raises BadConfig before `fit` or `load`."""
        if self.parameters is None:
            raise unfitted(self.name)
        return self.parameters

    @property
    def made_by(self) -> MadeBy:
        """What made a prediction: the settings and parameters of this method."""
        return MadeBy(self.name, 0.5, {**self.settings.model_dump(mode="json"), **self.fitted.model_dump(mode="json")})

    def save(self, folder: Path) -> None:
        """Write config.yaml."""
        save_config(self, folder, self.parameters)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:  # noqa: ARG003
        """Load the method that `save` wrote."""
        config = read_config(folder)
        method = cls(**config.settings)
        method.parameters = cls.parameters_type(**config.parameters)  # type: ignore[assignment]
        return method

    def segmentation(
        self,
        head: Head,
        mask: NDArray[np.bool_],
        *,
        slice_score: FloatArray | None = None,
        subtypes: FloatArray | None = None,
    ) -> Segmentation:
        """The prediction for a mask (n, rows, columns) on the working grid, each voxel with a probability of 0 or 1.

        `slice_score` (n,) from 0 to 1 ranks the slices; without it, a slice's score is the share of its pixels in the
        mask. None of the systems says how likely hemorrhage is: these scores rank, they are not calibrated. `subtypes`
        (n, 5) ranks the slices for each subtype.
        """
        on_scan = head.on_scan(mask)
        score = on_scan.mean(axis=(1, 2)) if slice_score is None else slice_score
        return Segmentation(
            probability=on_scan.astype(np.float32),
            mask=on_scan,
            slice_probability=np.asarray(score, np.float64),
            scan_probability=float(np.max(score)),
            made_by=self.made_by,
            subtype_probability=subtypes,
        )

    def heads(self, cases: Iterable[Case]) -> Iterable[tuple[Case, Head]]:
        """Each case with its slices on the working grid, one after another."""
        for case in cases:
            yield case, Head.of(case.scan, self.settings.grid)

    def require_cases(self, found: object) -> None:
        """Raise BadConfig if `found` of the training cases is empty."""
        if not found:
            raise BadConfig(f"{self.name}: expected training cases with hemorrhage, found none")
