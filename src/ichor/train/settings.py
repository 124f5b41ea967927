"""The settings of a training run; unknown keys are rejected. Without torch, so that configs load fast."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Precision = Literal["32-true", "bf16-mixed"]


def is_off(value: object) -> bool:
    """Settings added later are not written where they are off: those of earlier trainings stay the same."""
    return not value


class Strict(BaseModel):
    """Settings that reject unknown keys and are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)


class AugmentationSettings(Strict):
    """Random changes of a training image and its mask together; each is drawn uniformly from +- its bound.

    The first four are the paper's (section 5; Keras ImageDataGenerator, where 0.1 is a fraction of the image and shear
    is in degrees), filled with the nearest value.
    """

    rotation_deg: float = Field(20.0, ge=0)
    shift: float = Field(0.1, ge=0, lt=1, description="fraction of the image, independently for rows and columns")
    shear_deg: float = Field(0.1, ge=0)
    zoom: float = Field(0.2, ge=0, lt=1, description="1 - zoom to 1 + zoom, independently for rows and columns")
    flip: bool = Field(False, description="left-right mirror with probability 1/2; the paper uses none")
    hu_shift: float = Field(0.0, ge=0, description="HU added to the whole image")
    hu_scale: float = Field(0.0, ge=0, lt=1, description="fraction by which HU are scaled")
    noise_hu: float = Field(0.0, ge=0, description="largest standard deviation of added Gaussian noise, HU")
    brain_window_only: float = Field(
        0.0, ge=0, le=1, description="probability of clipping HU to the brain window, as if no other were available"
    )
    acquisitions: bool = Field(
        False, description="also simulate variation between scanners and windows: `ichor.train.acquisitions`"
    )


class TrainingSettings(Strict):
    """The training of one network."""

    epochs: int = Field(150, ge=1)
    batch: int = Field(32, ge=1)
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: float = Field(1e-5, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "inverse-time", "cosine"] = Field(
        "constant", description="inverse-time is Keras' decay = rate / epochs per step; cosine has 10 % warm-up"
    )
    loss: Literal["cross-entropy", "dice", "tversky"] = Field(
        "cross-entropy",
        description="dice and tversky add that loss over the batch to cross-entropy; tversky favors recall",
    )
    crop: int | None = Field(
        None, gt=0, multiple_of=16, description="side in pixels of square training crops, most of them on hemorrhage"
    )
    whole_epochs: int = Field(0, ge=0, description="final epochs trained on whole images in spite of `crop`")
    each_slice: float = Field(0.0, ge=0, description="weight of the same loss for each single slice with hemorrhage")
    soft_edge_px: float = Field(
        0.0,
        ge=0,
        description="pixels from the boundary of a delineation within which voxels cost less; 0 for a sharp one",
        exclude_if=is_off,
    )
    slice_loss: float = Field(0.0, ge=0, description="weight of the slice head's cross-entropy")
    subtype_loss: float = Field(0.0, ge=0, description="weight of the subtype head's cross-entropy")
    average_decay: float | None = Field(
        None, gt=0, lt=1, description="decay per step of an exponential moving average that replaces the weights"
    )
    validate_every: int = Field(1, ge=1, description="epochs between validations")
    patience: int | None = Field(None, ge=1, description="validations without a better score before stopping early")
    keep: Literal["best", "last"] = Field("best", description="which weights are kept")
    precision: Precision = Field(
        "32-true", description="bf16-mixed trains in fp32 on a processor without instructions for bf16"
    )
    augmentation: AugmentationSettings = AugmentationSettings()
    seed: int = Field(0, ge=0)
