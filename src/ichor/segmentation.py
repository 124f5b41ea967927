"""What a method says of a scan, voxel by voxel, and what made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.subtypes import Subtype


@dataclass(frozen=True, slots=True)
class Inference:
    """How a network was run: by which engine, in which precision (`fp32` or `int8`), with which instruction set.

    `warning` says why it was another network than the model's own; empty where it was that one.
    """

    engine: str
    precision: str
    instruction_set: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class MadeBy:
    """The method behind a segmentation, named so that it can be made again.

    `threshold` is the voxel probability from which on a slice is marked: what reaches it, or what the method then
    outlines there. `operating_point` is the name of the trade of sensitivity for specificity that it decides at, None
    where its model has none. `inference` says how its network was run, None where it has none or it runs in torch.
    """

    name: str
    model: str | None
    version: str
    threshold: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    operating_point: str | None = None
    inference: Inference | None = None


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A method's answer on the scan's own grid.

    Attributes:
        probability: (n, rows, columns) float32 in 0..1, that a voxel is hemorrhage.
        mask: (n, rows, columns) bool, what the method calls hemorrhage after its own post-processing.
        slice_probability: (n,) in 0..1, that a slice shows hemorrhage.
        scan_probability: in 0..1, that the scan does.
        made_by: which method, with which settings.
        subtype_probability: (n, 5) in 0..1, that a slice shows hemorrhage of each subtype, in the order of `Subtype`;
            None from a method that tells no subtypes.

    Raises ValueError when the arrays do not fit together.
    """

    probability: NDArray[np.float32]
    mask: NDArray[np.bool_]
    slice_probability: NDArray[np.float64]
    scan_probability: float
    made_by: MadeBy
    subtype_probability: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.probability.shape != self.mask.shape:
            raise ValueError(f"expected a mask of shape {self.probability.shape}, found {self.mask.shape}")
        if self.slice_probability.shape != self.mask.shape[:1]:
            raise ValueError(
                f"expected one probability for each of {self.mask.shape[0]} slices, "
                f"found {self.slice_probability.shape}"
            )
        expected = (len(self.mask), len(Subtype))
        if self.subtype_probability is not None and self.subtype_probability.shape != expected:
            raise ValueError(
                f"expected subtype probabilities of shape {expected}, found {self.subtype_probability.shape}"
            )
