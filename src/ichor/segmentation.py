"""The output of a method for a scan: probabilities, a mask, and how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Flag, StrEnum, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.subtypes import Subtype


class Task(Flag):
    """What a method does: segment voxels, detect hemorrhage on slices and scans, or both."""

    SEGMENT = auto()
    DETECT = auto()


class Scale(StrEnum):
    """The scale of values that express how likely hemorrhage is."""

    PROBABILITY = "probability"
    LOGIT = "logit"


@dataclass(frozen=True, eq=False)
class VoxelMap:
    """A value for each voxel of a scan, and the scale of these values.

    Attributes:
        values: (n, rows, columns) float32 on the scan's own grid.
        scale: probabilities from 0 to 1, or logits, which may be any finite number.

    Raises ValueError if the values do not fit the scale.
    """

    values: NDArray[np.float32]
    scale: Scale = Scale.PROBABILITY

    def __post_init__(self) -> None:
        if self.values.ndim != 3:
            raise ValueError(f"expected values of shape (n, rows, columns), found {self.values.shape}")
        low, high = (float(self.values.min()), float(self.values.max())) if self.values.size else (0.0, 0.0)
        if self.scale is Scale.PROBABILITY and not 0 <= low <= high <= 1:
            raise ValueError(f"expected probabilities in 0 to 1, found {low:g} to {high:g}")
        if not np.isfinite([low, high]).all():
            raise ValueError(f"expected finite values, found {low:g} to {high:g}")

    def probability(self) -> NDArray[np.float32]:
        """The values as probabilities."""
        if self.scale is Scale.PROBABILITY:
            return self.values
        return np.asarray(1 / (1 + np.exp(-self.values)), np.float32)


@dataclass(frozen=True, eq=False)
class RawOutput:
    """The output of the costly part of a method for a scan, before postprocessing.

    Attributes:
        voxels: maps on the scan's own grid, by name. A run keeps them to a tenth of a logit.
        arrays: anything else that postprocessing needs, by name. A run keeps them unchanged.
    """

    voxels: Mapping[str, VoxelMap] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inference:
    """How a network was run: engine, precision (`fp32` or `int8`) and instruction set.

    `warning` states why another network than the model's own was run; empty if its own was run.
    """

    engine: str
    precision: str
    instruction_set: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class MadeBy:
    """The method behind a segmentation, in enough detail to reproduce it.

    Attributes:
        name: of the method.
        threshold: the voxel probability from which on a slice is flagged: voxels at or above it, or the outline that
            the method then draws there. Of a detector, the slice probability from which on a slice is flagged.
        settings: of the method, by name.
        operating_point: the name of the method's trade-off between sensitivity and specificity; None if it has none.
        inference: how its network was run; None if it has none or ran in torch.
        model, version: of the trained model, if it came from a model package; set by `ichor.methods.TrainedModel`.
    """

    name: str
    threshold: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    operating_point: str | None = None
    inference: Inference | None = None
    model: str | None = None
    version: str = ""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A method's output for a scan, on the scan's own grid.

    Attributes:
        slice_probability: (n,) from 0 to 1, that a slice shows hemorrhage.
        scan_probability: from 0 to 1, that the scan does.
        made_by: which method, with which settings.
        probability: (n, rows, columns) float32 from 0 to 1, that a voxel is hemorrhage; None from a detector.
        mask: (n, rows, columns) bool, the voxels marked as hemorrhage after postprocessing; None from a detector.
        subtype_probability: (n, 5) from 0 to 1, that a slice shows hemorrhage of each subtype, in the order of
            `Subtype`; None from a method that does not distinguish subtypes.

    Raises ValueError if the arrays do not fit together or contain anything but probabilities.
    """

    slice_probability: NDArray[np.float64]
    scan_probability: float
    made_by: MadeBy
    probability: NDArray[np.float32] | None = None
    mask: NDArray[np.bool_] | None = None
    subtype_probability: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if (self.probability is None) != (self.mask is None):
            raise ValueError("expected a mask and voxel probabilities or neither, found one of them")
        n = len(self.slice_probability)
        if self.probability is not None and self.mask is not None:
            if self.probability.shape != self.mask.shape:
                raise ValueError(f"expected a mask of shape {self.probability.shape}, found {self.mask.shape}")
            if len(self.mask) != n:
                raise ValueError(f"expected one probability for each of {len(self.mask)} slices, found {n}")
            VoxelMap(self.probability)  # refuses what is no probability
        expected = (n, len(Subtype))
        if self.subtype_probability is not None and self.subtype_probability.shape != expected:
            raise ValueError(
                f"expected subtype probabilities of shape {expected}, found {self.subtype_probability.shape}"
            )
        for values in (self.slice_probability, self.scan_probability, self.subtype_probability):
            if values is not None and not np.all((np.asarray(values) >= 0) & (np.asarray(values) <= 1)):
                raise ValueError("expected probabilities of slices and scan in 0 to 1, found others")

    @property
    def segments(self) -> bool:
        """Whether it includes a mask."""
        return self.mask is not None

    def outline(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """`probability` and `mask`. Raises BadConfig if it was made by a detector, which has neither."""
        if self.probability is None or self.mask is None:
            name = self.made_by.name
            raise BadConfig(f"expected a method that segments hemorrhage, found {name}, which only detects it")
        return self.probability, self.mask
