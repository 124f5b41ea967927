"""`brain-outliers`: marks voxels inside the skull that are several standard deviations brighter than brain.

The oldest idea of the field in its simplest form: clotted blood is denser than brain, so a voxel is hemorrhage if it
lies a number of robust standard deviations above the median of the intracranial space (the Hampel identifier of
outliers; see Davies and Gather 1993, doi:10.1080/01621459.1993.10476339). Smoothing removes noise, an opening removes
specks. It also shows the least that a method needs: one file, a line in the registry, a config.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from ichor.anatomy.skull import bone_of, inside
from ichor.errors import BadConfig
from ichor.methods.saving import save_config, unfitted
from ichor.models.package import read_config
from ichor.orientation import from_radiological, to_radiological
from ichor.scan import Scan
from ichor.segmentation import MadeBy, Segmentation, Task

if TYPE_CHECKING:
    from ichor.dataset.case import Case

_TO_DEVIATION = 1.4826  # of the median absolute deviation, for values that are normally distributed
_SOFT_HU = (-10.0, 120.0)  # brain, fluid and blood


class Settings(BaseModel):
    """The method's settings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    smoothing_px: float = Field(1.5, ge=0, description="standard deviation of the Gaussian filter in the slice's plane")
    opening_px: int = Field(2, ge=0, description="regions thinner than twice this are removed")
    candidates: tuple[float, ...] = Field((1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0), description="thresholds to try")


class Parameters(BaseModel):
    """What `fit` finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deviations: float


class BrainOutliers:
    """Marks bright outliers in the intracranial space; `fit` finds the number of deviations."""

    name = "brain-outliers"
    task = Task.SEGMENT

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        self.parameters: Parameters | None = None

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Choose the number of deviations with the best mean 3-D Dice over the training cases with hemorrhage."""
        dice: list[list[float]] = []
        for case in training:
            if case.mask.any() and not case.excluded_from_overlap:
                score = self._deviations(case.scan)
                masks = [self._mask(score, threshold) for threshold in self.settings.candidates]
                dice.append([2 * np.sum(m & case.mask) / (np.sum(m) + np.sum(case.mask)) for m in masks])
        if not dice:
            raise BadConfig(f"{self.name}: expected training cases with hemorrhage, found none")
        best = int(np.mean(dice, axis=0).argmax())
        self.parameters = Parameters(deviations=self.settings.candidates[best])

    def predict(self, scan: Scan) -> Segmentation:
        """Mark outliers with probability 1; a slice's probability is the share of its pixels in the mask."""
        if self.parameters is None:
            raise unfitted(self.name)
        mask = self._mask(self._deviations(scan), self.parameters.deviations)
        share = mask.mean(axis=(1, 2))
        return Segmentation(
            probability=mask.astype(np.float32),
            mask=mask,
            slice_probability=share,
            scan_probability=float(share.max()),
            made_by=MadeBy(self.name, 0.5, {**self.settings.model_dump(mode="json"), **self.parameters.model_dump()}),
        )

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works and what was fitted."""
        deviations = Parameters(**parameters).deviations
        return (
            f"Voxels inside the skull are marked that lie {deviations:g} robust standard deviations or more above the "
            "median; the number gave the best mean Dice on the training subjects."
        )

    def save(self, folder: Path) -> None:
        """Write config.yaml."""
        save_config(self, folder, self.parameters)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:  # noqa: ARG003
        """Load the method that `save` wrote."""
        config = read_config(folder)
        method = cls(**config.settings)
        method.parameters = Parameters(**config.parameters)
        return method

    def _deviations(self, scan: Scan) -> NDArray[np.float32]:
        """(n, rows, columns) the number of robust deviations of each voxel above the median; 0 outside the skull."""
        hu = to_radiological(np.asarray(scan.hu, np.float32), scan)
        brain = inside(bone_of(hu)) & (hu > _SOFT_HU[0]) & (hu < _SOFT_HU[1])
        if not brain.any():
            return np.zeros(scan.voxels.shape, np.float32)
        smoothed = ndimage.gaussian_filter(hu, (0, self.settings.smoothing_px, self.settings.smoothing_px))
        middle = np.median(smoothed[brain])
        deviation = _TO_DEVIATION * np.median(np.abs(smoothed[brain] - middle))
        found = np.where(brain, (smoothed - middle) / max(float(deviation), 1e-3), 0)
        return np.ascontiguousarray(from_radiological(found.astype(np.float32), scan))

    def _mask(self, deviations: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
        mask = deviations >= threshold
        if not self.settings.opening_px:
            return mask
        in_plane = ndimage.generate_binary_structure(2, 1)[None]
        return np.asarray(ndimage.binary_opening(mask, in_plane, self.settings.opening_px))
