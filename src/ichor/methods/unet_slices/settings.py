"""Settings and calibrated parameters of `unet-slices`; unknown keys are refused."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AliasChoices, model_validator
from pydantic import Field as Setting

from ichor.errors import BadConfig
from ichor.methods.calibration import Calibration, Calibrations
from ichor.methods.unet_slices.candidates import FalsePositiveClassifier
from ichor.simulate.settings import SimulationSettings
from ichor.train.settings import Strict, TrainingSettings, is_off


def _is_default(settings: SimulationSettings) -> bool:
    """Settings that are off are not written, so that those of earlier models stay the same."""
    return settings == SimulationSettings()


class UNetSlicesSettings(Strict):
    """The settings of `unet-slices`."""

    pixel_mm: float = Setting(0.8, gt=0, description="pixel size of the network's field")
    size: int = Setting(256, gt=0, multiple_of=16, description="width and height of the field in pixels")
    neighbour_mm: float = Setting(5.0, gt=0, description="distance of the slices shown below and above")
    widths: tuple[int, int, int, int] = (32, 64, 128, 192)
    skips: Literal["concatenated", "added"] = Setting(
        "concatenated", description="how the decoder uses the encoder's features"
    )
    members: int = Setting(1, ge=1, description="networks with different seeds whose logits are averaged")
    mirror: bool = Setting(True, description="whether to average with the output for left-right mirrored slices")
    corrected: bool = Setting(
        False,
        description="whether slices are corrected first: a bright rim along the skull is removed, bone that a narrow "
        "window has cut off is restored, and pictures too dark for the window assumed are read with a wider one",
        exclude_if=is_off,
    )
    recurrent: bool = Setting(
        False,
        description="whether a recurrent network classifies each slice again together with its neighbours",
        validation_alias=AliasChoices("recurrent", "reader"),  # `reader` in configs made before 0.2
    )
    dropout: float = Setting(0.2, ge=0, lt=1)
    negatives: float = Setting(1.0, gt=0, description="slices without hemorrhage in an epoch for each one with")
    paste: float = Setting(
        0.0, ge=0, le=1, description="share of the slices without hemorrhage into which another subject's is pasted"
    )
    faint: bool = Setting(False, description="whether two thirds of the pasted lesions are made fainter")
    simulation: SimulationSettings = Setting(
        default=SimulationSettings(), description="simulated copies of the training scans", exclude_if=_is_default
    )
    slice_scores: Literal["rescored", "smoothed"] = Setting(
        "rescored",
        description="whether the probabilities of slices and scan come from the recurrent network, if there is one, or "
        "from the U-Net's for single slices, smoothed along the head",
        exclude_if=lambda value: value == "rescored",
    )
    single_slices: bool = Setting(
        False, description="whether scans of a single slice have calibrated parameters of their own", exclude_if=is_off
    )
    candidates: Literal["features", "patches"] = Setting(
        "features",
        description="whether the false-positive classifier sees a few features of a candidate, or the image, too",
        exclude_if=lambda value: value == "features",
    )
    training: TrainingSettings = TrainingSettings(slice_loss=0.5)

    @model_validator(mode="after")
    def _trains_both_heads(self) -> Self:
        if not self.training.slice_loss > 0:
            raise ValueError("expected training.slice_loss above 0, which trains the slice head, found 0")
        if self.recurrent and not self.training.subtype_loss > 0:
            raise ValueError("expected training.subtype_loss above 0, which recurrent needs, found 0")
        return self

    def require_no_validation(self) -> None:
        """Raise BadConfig if training needs validation cases, to choose the best epoch or to stop early."""
        if self.training.keep != "last" or self.training.patience is not None:
            patience = "" if self.training.patience is None else f" and patience {self.training.patience}"
            raise BadConfig(
                "expected training.keep last and no patience, since there are no validation cases, "
                f"found keep {self.training.keep}{patience}"
            )

    def network_shape(self) -> dict[str, str]:
        """The settings that determine the shapes of the network's weights, as text by name."""
        return {
            "widths": str([*self.widths]),
            "skips": self.skips,
            "members": str(self.members),
            "subtype head": "yes" if self.training.subtype_loss > 0 else "no",
        }


class Parameters(Strict):
    """Parameters calibrated on cases that the network was not trained on, or measured on the training cases.

    Names from packages made before 0.2 are accepted, too.
    """

    threshold: float = Setting(ge=0, le=1, description="a slice is marked if a voxel's probability reaches it")
    logit_offset: float | None = Setting(
        None,
        ge=0,
        description="for the outline on a marked slice (see outline.py); None: all voxels that reach the threshold",
        validation_alias=AliasChoices("logit_offset", "doubt"),
    )
    head_mm: float = Setting(gt=0, description="median length of the training heads, for scans of unknown pixel size")
    calibration: Calibrations = Calibrations()
    false_positive_classifier: FalsePositiveClassifier | None = Setting(
        None,
        description="None: all candidate lesions are kept unchanged",
        validation_alias=AliasChoices("false_positive_classifier", "judge"),
    )
    operating_point: str | None = Setting(None, description="the name of the threshold in use")
    operating_points: dict[str, float] = Setting(default={}, description="voxel thresholds by name")
    patches_elsewhere: float | None = Setting(
        None,
        gt=0,
        le=1,
        description="probability for voxels outside all candidates, if a network classifies these",
        exclude_if=is_off,
    )
    single_slice: Parameters | None = Setting(
        None, description="the parameters for scans of a single slice, if they have their own", exclude_if=is_off
    )

    @model_validator(mode="after")
    def _is_at_its_operating_point(self) -> Self:
        if self.operating_point is not None and self.operating_points.get(self.operating_point) != self.threshold:
            raise ValueError(f"expected threshold to be that of {self.operating_point}, found {self.threshold:g}")
        return self

    def at(self, name: str) -> Self:
        """These parameters at another operating point. Raises KeyError if there is none of that name."""
        single = None if self.single_slice is None else self.single_slice.at(name)
        return self.model_copy(
            update={"threshold": self.operating_points[name], "operating_point": name, "single_slice": single}
        )

    def recalibrated(self, further: Calibration) -> Self:
        """These parameters with scan probabilities that `further` is applied to, those of single slices included."""
        single = None if self.single_slice is None else self.single_slice.recalibrated(further)
        calibration = self.calibration.model_copy(update={"scan": self.calibration.scan.then(further)})
        return self.model_copy(update={"calibration": calibration, "single_slice": single})

    def for_scan(self, n_slices: int) -> Parameters:
        """The parameters for a scan of that many slices."""
        return self.single_slice if n_slices == 1 and self.single_slice is not None else self
