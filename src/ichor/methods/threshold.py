"""`threshold`: the paper's first experiment, two plain thresholds on the brain window (section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ichor.errors import BadConfig
from ichor.methods.morphology import close_then_open
from ichor.methods.saving import save_config, unfitted
from ichor.models.package import read_config
from ichor.scan import Scan
from ichor.segmentation import MadeBy, Segmentation, Task
from ichor.train.settings import Strict
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from ichor.dataset.case import Case


Gray = Annotated[int, Field(ge=0, le=255)]


class ThresholdSettings(Strict):
    """The range of the grid search, in gray values of the brain window; the paper's ranges, ends included."""

    lower: tuple[Gray, Gray] = (100, 210)
    upper: tuple[Gray, Gray] = (210, 255)
    step: int = Field(5, ge=1)
    morphology: bool = Field(False, description="the paper's closing and opening, part of its tiles experiment")

    @model_validator(mode="after")
    def _ranges_rise(self) -> Self:
        for name, (low, high) in (("lower", self.lower), ("upper", self.upper)):
            if low > high:
                raise ValueError(f"expected {name} to rise, found {low} to {high}")
        return self


class Bounds(Strict):
    """The range of gray values, both ends included, that is marked as hemorrhage."""

    lower: int = Field(ge=0, le=255)
    upper: int = Field(ge=0, le=255)


class Threshold:
    """Marks pixels between two gray values as hemorrhage; `fit` finds the two by grid search."""

    name = "threshold"
    task = Task.SEGMENT

    def __init__(self, **settings: Any) -> None:
        self.settings = ThresholdSettings(**settings)
        self.bounds: Bounds | None = None

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Choose the bounds with the highest Jaccard index on the training cases.

        It is averaged as in the paper: over a subject's slices with hemorrhage, then over subjects. The search uses
        histograms and is exact; it is done before any morphology. The validation cases are not used.
        """
        lowers = np.arange(self.settings.lower[0], self.settings.lower[1] + 1, self.settings.step)
        uppers = np.arange(self.settings.upper[0], self.settings.upper[1] + 1, self.settings.step)
        per_subject = [
            np.mean([_jaccard_grid(g, m, lowers, uppers) for g, m in _positive_slices(case)], axis=0)
            for case in training
            if case.mask.any() and not case.excluded_from_overlap
        ]
        if not per_subject:
            raise BadConfig("threshold: expected training cases with hemorrhage, found none")
        jaccard = np.mean(per_subject, axis=0)
        best_lower, best_upper = np.unravel_index(int(jaccard.argmax()), jaccard.shape)
        self.bounds = Bounds(lower=int(lowers[best_lower]), upper=int(uppers[best_upper]))

    def predict(self, scan: Scan) -> Segmentation:
        """Assign probability 1 between the bounds and 0 elsewhere; a slice's is the share of its pixels in the mask.

        That share is a score for ranking slices, not a calibrated probability.
        """
        bounds = self._fitted()
        gray = _gray(scan.hu)
        mask = (gray >= bounds.lower) & (gray <= bounds.upper)
        if self.settings.morphology:
            mask = close_then_open(mask)
        share = mask.mean(axis=(1, 2))
        return Segmentation(
            probability=mask.astype(np.float32),
            mask=mask,
            slice_probability=share,
            scan_probability=float(share.max()),
            made_by=MadeBy(self.name, 0.5, {**self.settings.model_dump(mode="json"), **bounds.model_dump()}),
        )

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: what is marked and how the bounds were found."""
        bounds = Bounds(**parameters)
        return (
            f"Gray from {bounds.lower} to {bounds.upper} of the brain window (level 40, width 120) is marked as "
            "hemorrhage; the bounds gave the best Jaccard index on the training subjects."
        )

    def save(self, folder: Path) -> None:
        """Write the settings and bounds as config.yaml."""
        save_config(self, folder, self.bounds)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:  # noqa: ARG003
        """Load the method that `save` wrote."""
        config = read_config(folder)
        method = cls(**config.settings)
        method.bounds = Bounds(**config.parameters)
        return method

    def _fitted(self) -> Bounds:
        if self.bounds is None:
            raise unfitted(self.name)
        return self.bounds


def _gray(hu: NDArray[np.generic]) -> NDArray[np.uint8]:
    return np.round(BRAIN.gray(hu)).astype(np.uint8)


def _positive_slices(case: Case) -> list[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    indices = np.flatnonzero(case.mask.any(axis=(1, 2)))
    return [(_gray(case.scan.hu[i]), case.mask[i]) for i in indices]


def _jaccard_grid(
    gray: NDArray[np.uint8], mask: NDArray[np.bool_], lowers: NDArray[np.int64], uppers: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(len(lowers), len(uppers)) the Jaccard index of one slice for every pair of bounds."""
    # below[g] counts the pixels darker than g, so that the count between two bounds is one difference.
    below_all = np.r_[0, np.cumsum(np.bincount(gray.ravel(), minlength=256))]
    below_mask = np.r_[0, np.cumsum(np.bincount(gray[mask], minlength=256))]
    predicted = below_all[uppers + 1][None, :] - below_all[lowers][:, None]
    both = below_mask[uppers + 1][None, :] - below_mask[lowers][:, None]
    return np.asarray(both / np.maximum(predicted + mask.sum() - both, 1))
