"""What `unet-slices` is made of, and what is calibrated for it; unknown keys are refused."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AliasChoices, model_validator
from pydantic import Field as Setting

from ichor.errors import BadConfig
from ichor.methods.calibration import Calibrations
from ichor.methods.unet_slices.candidates import FalsePositiveClassifier
from ichor.train.settings import Strict, TrainingSettings


class UNetSlicesSettings(Strict):
    """What `unet-slices` is made of."""

    pixel_mm: float = Setting(0.8, gt=0, description="pixel size of the network's field")
    size: int = Setting(256, gt=0, multiple_of=16, description="pixels a side of the field")
    neighbour_mm: float = Setting(5.0, gt=0, description="how far away the slices shown below and above lie")
    widths: tuple[int, int, int, int] = (32, 64, 128, 192)
    skips: Literal["concatenated", "added"] = Setting("concatenated", description="how the decoder takes the encoder's")
    members: int = Setting(1, ge=1, description="networks of different seeds whose logits are averaged")
    mirror: bool = Setting(True, description="average with the output for the left-right mirrored slices")
    recurrent: bool = Setting(
        False,
        description="whether a recurrent network classifies each slice again among its neighbours",
        validation_alias=AliasChoices("recurrent", "reader"),  # `reader` in configs made before 0.2
    )
    dropout: float = Setting(0.2, ge=0, lt=1)
    negatives: float = Setting(1.0, gt=0, description="slices without hemorrhage an epoch for each one with")
    paste: float = Setting(
        0.0, ge=0, le=1, description="part of the slices without hemorrhage that another subject's is pasted into"
    )
    faint: bool = Setting(False, description="whether what is pasted is fainter than it was, two times in three")
    training: TrainingSettings = TrainingSettings(slice_loss=0.5)

    @model_validator(mode="after")
    def _trains_both_heads(self) -> Self:
        if not self.training.slice_loss > 0:
            raise ValueError("expected training.slice_loss above 0, which trains the slice head, found 0")
        if self.recurrent and not self.training.subtype_loss > 0:
            raise ValueError("expected training.subtype_loss above 0, which recurrent needs, found 0")
        return self

    def require_no_validation(self) -> None:
        """Raise BadConfig where training wants validation cases: to choose an epoch, or when to stop."""
        if self.training.keep != "last" or self.training.patience is not None:
            patience = "" if self.training.patience is None else f" and patience {self.training.patience}"
            raise BadConfig(
                "expected training.keep last and no patience, since there are no validation cases, "
                f"found keep {self.training.keep}{patience}"
            )

    def network_shape(self) -> dict[str, str]:
        """What the shapes of the network's weights depend on, in words."""
        return {
            "widths": str([*self.widths]),
            "skips": self.skips,
            "members": str(self.members),
            "subtype head": "yes" if self.training.subtype_loss > 0 else "no",
        }


class Parameters(Strict):
    """What is calibrated on cases that the network was not trained on, and what is measured on the training cases.

    The names that some had in packages made before 0.2 are read too.
    """

    threshold: float = Setting(ge=0, le=1, description="voxel probability from which on a slice is marked")
    logit_offset: float | None = Setting(
        None,
        ge=0,
        description="of the outline on a marked slice (see outline.py); None: all voxels that reach the threshold",
        validation_alias=AliasChoices("logit_offset", "doubt"),
    )
    head_mm: float = Setting(gt=0, description="median length of the training heads, for scans of unknown pixel size")
    calibration: Calibrations = Calibrations()
    false_positive_classifier: FalsePositiveClassifier | None = Setting(
        None,
        description="of candidate lesions; None: all of them are kept as they are",
        validation_alias=AliasChoices("false_positive_classifier", "judge"),
    )
    operating_point: str | None = Setting(None, description="the name of the one that the threshold is")
    operating_points: dict[str, float] = Setting(default={}, description="voxel thresholds by name")

    @model_validator(mode="after")
    def _is_at_its_operating_point(self) -> Self:
        if self.operating_point is not None and self.operating_points.get(self.operating_point) != self.threshold:
            raise ValueError(f"expected threshold to be that of {self.operating_point}, found {self.threshold:g}")
        return self

    def at(self, name: str) -> Self:
        """The same at another operating point. Raises KeyError where there is none of that name."""
        return self.model_copy(update={"threshold": self.operating_points[name], "operating_point": name})
