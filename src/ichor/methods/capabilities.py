"""Optional abilities of methods: small protocols that generic code asks for with `require`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ichor.errors import BadConfig
from ichor.methods.base import Method
from ichor.methods.calibration import Calibration
from ichor.methods.seeds import Seeds
from ichor.scan import Scan
from ichor.segmentation import RawOutput, Segmentation, VoxelMap

if TYPE_CHECKING:
    from ichor.dataset.case import Case


@runtime_checkable
class Postprocesses(Protocol):
    """A method whose `predict` consists of a costly step, `raw_output`, and a cheap one, `postprocess`.

    A run keeps the raw output, so that other postprocessing can be tried without running the network again.
    `postprocess_settings` names the settings that affect only the cheap step.
    """

    postprocess_settings: frozenset[str]

    def raw_output(self, scan: Scan) -> RawOutput:
        """Run the costly step. Raises BadConfig if the method is not fitted or loaded."""
        ...

    def postprocess(self, raw: RawOutput) -> Segmentation:
        """Turn a raw output into the segmentation that `predict` returns."""
        ...


@runtime_checkable
class MasksAtThresholds(Protocol):
    """A method whose mask at a given voxel threshold is not simply all voxels that reach it."""

    def mask_at(self, probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
        """The mask (n, rows, columns) that `predict` would return for these probabilities at that threshold."""
        ...


@runtime_checkable
class CrossFits(Protocol):
    """A method that can be fitted without validation cases and calibrated on cases that it was not fitted on."""

    def require_no_validation(self) -> None:
        """Raise BadConfig, naming the setting, if fitting would need validation cases."""
        ...

    def fit_uncalibrated(self, training: Sequence[Case], workdir: Path, *, start: Path | None = None) -> None:
        """The part of `fit` that needs only training cases; the method can be saved afterwards.

        `start` is the folder of a model package from whose weights training starts.
        """
        ...

    def calibration_evidence(self, case: Case) -> Any:
        """What `calibrate` needs from a case that this method was not fitted on; small enough to keep many.

        None for a case without the labels that it needs.
        """
        ...

    def calibrate(self, evidence: Sequence[Any]) -> None:
        """Set thresholds and all other calibrated parameters from the evidence of `calibration_evidence`.

        None is left out. Raises BadConfig if nothing is left.
        """
        ...


@runtime_checkable
class HasOperatingPoints(Protocol):
    """A method with several named voxel thresholds to choose from."""

    @property
    def operating_points(self) -> Mapping[str, float]:
        """Voxel thresholds by name; empty if none were calibrated."""
        ...

    def use_operating_point(self, name: str) -> None:
        """Switch to that operating point. Raises KeyError if there is none of that name."""
        ...


@runtime_checkable
class StartsFromWeights(Protocol):
    """A method that can be trained starting from the weights of a model package with the same network."""

    def fit_from(self, start: Path, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:
        """Like `fit`, but starting from the weights in the package folder `start`."""
        ...

    @property
    def network_shape(self) -> Mapping[str, str]:
        """The settings that determine the shapes of the network's weights, as text by name."""
        ...


@runtime_checkable
class Quantizes(Protocol):
    """A method whose network can be quantized to int8."""

    def quantization_input(self, cases: Sequence[Case]) -> NDArray[np.float32]:
        """(N, C, H, W) network inputs in HU, drawn from these cases, from which activation ranges are found."""
        ...


@runtime_checkable
class Seeded(Protocol):
    """A method that can segment from seeds, points that a person marks in each region of hemorrhage.

    If `semi_automatic`, cross-validation gives it seeds from the delineation of the test subjects. Its figures are then
    those of a method that was told where hemorrhage is.
    """

    @property
    def semi_automatic(self) -> bool:
        """Whether it is meant to be given seeds."""
        ...

    def predict_seeded(self, scan: Scan, seeds: Seeds) -> Segmentation:
        """Segment one scan from its seeds. Raises BadConfig if the method is not fitted or loaded."""
        ...


def is_given_seeds(method: Method) -> TypeGuard[Seeded]:
    """Whether cross-validation gives a method seeds."""
    return isinstance(method, Seeded) and method.semi_automatic


@runtime_checkable
class Described(Protocol):
    """A method that describes how it works."""

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
        """Markdown for the model card: how a scan is processed and how the parameters were found.

        Both arguments are as in a package's config.yaml, so that no network has to be loaded.
        """
        ...


@runtime_checkable
class TakesSingleSlices(Protocol):
    """A method that may have parameters of its own for scans of a single slice, such as pictures."""

    def single_slices(self, case: Case) -> Iterator[Case]:
        """Each slice of a labelled case as a scan by itself, as such scans are read; none without such parameters."""
        ...


@runtime_checkable
class RecalibratesScans(Protocol):
    """A method whose probabilities of scans can be calibrated further without its networks."""

    @classmethod
    def recalibrated(cls, parameters: Mapping[str, Any], further: Calibration) -> dict[str, Any]:
        """The parameters of a package's config.yaml with which a scan that had probability p has `further.apply(p)`.

        Probabilities of voxels, slices and subtypes stay the same.
        """
        ...


C = TypeVar("C")


def require(method: Method, capability: type[C], purpose: str) -> C:
    """The method, checked to have that capability. Raises BadConfig, naming method and purpose, if it does not."""
    if not isinstance(method, capability):
        raise BadConfig(f"expected a method that can {purpose}, found {method.name}, which cannot")
    return method


def predict_keeping_raw(method: Method, scan: Scan) -> tuple[Segmentation, RawOutput]:
    """`method.predict(scan)` and its raw output; for a method without one, the voxel probabilities."""
    if isinstance(method, Postprocesses):
        raw = method.raw_output(scan)
        return method.postprocess(raw), raw
    return with_probabilities(method.predict(scan))


def with_probabilities(found: Segmentation) -> tuple[Segmentation, RawOutput]:
    """A segmentation, and its voxel probabilities as raw output."""
    voxels = {} if found.probability is None else {"probability": VoxelMap(found.probability)}
    return found, RawOutput(voxels)


def mask_at(method: Method, probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
    """The method's mask (n, rows, columns) for these voxel probabilities at a threshold."""
    if isinstance(method, MasksAtThresholds):
        return method.mask_at(probability, threshold)
    return probability >= threshold
