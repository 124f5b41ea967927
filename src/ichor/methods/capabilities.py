"""What only some methods can do: small protocols that generic code asks for with `require`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.methods.base import Method
from ichor.scan import Scan
from ichor.segmentation import RawOutput, Segmentation, VoxelMap

if TYPE_CHECKING:
    from ichor.dataset.case import Case


@runtime_checkable
class Postprocesses(Protocol):
    """A method whose `predict` is a costly part, `raw_output`, and a cheap one, `postprocess`.

    A run keeps the raw output, so that other postprocessing can be tried on it without the network.
    `postprocess_settings` names the settings that the cheap part alone depends on.
    """

    postprocess_settings: frozenset[str]

    def raw_output(self, scan: Scan) -> RawOutput:
        """The output of the costly part. Raises BadConfig if the method is not fitted or loaded."""
        ...

    def postprocess(self, raw: RawOutput) -> Segmentation:
        """What `predict` makes of a raw output."""
        ...


@runtime_checkable
class MasksAtThresholds(Protocol):
    """A method whose mask at another voxel threshold is not simply all voxels that reach it."""

    def mask_at(self, probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
        """The mask (n, rows, columns) that `predict` would give of these probabilities at that threshold."""
        ...


@runtime_checkable
class CrossFits(Protocol):
    """A method that can be fitted without validation cases and calibrated on cases that it was not fitted on."""

    def require_no_validation(self) -> None:
        """Raise BadConfig, saying which setting, where the fit would need validation cases."""
        ...

    def fit_uncalibrated(self, training: Sequence[Case], workdir: Path, *, start: Path | None = None) -> None:
        """The part of `fit` that needs training cases alone; the method can then be saved.

        `start` is the folder of a package whose weights the fit starts from.
        """
        ...

    def calibration_evidence(self, case: Case) -> Any:
        """What `calibrate` needs of a case that this method was not fitted on; small, so that many can be kept."""
        ...

    def calibrate(self, evidence: Sequence[Any]) -> None:
        """Choose thresholds and whatever else is calibrated, by the evidence that such methods gave."""
        ...


@runtime_checkable
class HasOperatingPoints(Protocol):
    """A method with several voxel thresholds to choose from, each known by a name."""

    @property
    def operating_points(self) -> Mapping[str, float]:
        """Voxel thresholds by name; empty where none were calibrated."""
        ...

    def use_operating_point(self, name: str) -> None:
        """Work at that operating point from now on. Raises KeyError where there is none of that name."""
        ...


@runtime_checkable
class StartsFromWeights(Protocol):
    """A method whose fit can start from the weights of a package of the same network."""

    def fit_from(self, start: Path, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """As `fit`, starting from the weights in the package folder `start`."""
        ...

    @property
    def network_shape(self) -> Mapping[str, str]:
        """What the shapes of the network's weights depend on, in words by the name of the setting."""
        ...


@runtime_checkable
class Quantizes(Protocol):
    """A method whose network can be quantized to int8."""

    def quantization_input(self, cases: Sequence[Case]) -> NDArray[np.float32]:
        """(N, C, H, W) network inputs in HU, drawn from these cases, to find the ranges of activations by."""
        ...


@runtime_checkable
class Described(Protocol):
    """A method that says in words how it works."""

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
        """Markdown for the model card: what it does with a scan and how its parameters were found.

        Both are as a package's config.yaml holds them, so that no network is loaded for it.
        """
        ...


C = TypeVar("C")


def require(method: Method, capability: type[C], purpose: str) -> C:
    """The method, known to have that capability. Raises BadConfig, naming method and purpose, where it has not."""
    if not isinstance(method, capability):
        raise BadConfig(f"expected a method that can {purpose}, found {method.name}, which cannot")
    return method


def predict_keeping_raw(method: Method, scan: Scan) -> tuple[Segmentation, RawOutput]:
    """`method.predict(scan)`, and the raw output behind it; of a method without one, its voxel probabilities."""
    if isinstance(method, Postprocesses):
        raw = method.raw_output(scan)
        return method.postprocess(raw), raw
    found = method.predict(scan)
    voxels = {} if found.probability is None else {"probability": VoxelMap(found.probability)}
    return found, RawOutput(voxels)


def mask_at(method: Method, probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
    """The method's mask (n, rows, columns) of these voxel probabilities at a threshold."""
    if isinstance(method, MasksAtThresholds):
        return method.mask_at(probability, threshold)
    return probability >= threshold
