"""Settings and parameters that methods with deep networks have in common; unknown keys are refused."""

from __future__ import annotations

from pydantic import Field

from ichor.train.settings import Strict, TrainingSettings


class DeepSettings(Strict):
    """The settings of every method with deep networks."""

    width: float = Field(1.0, gt=0, description="multiplier of the number of filters; 1 gives the published network")
    pixel_mm: float = Field(0.45, gt=0, description="pixel size of the network's field")
    size: int = Field(512, gt=0, description="width and height of the field in pixels")
    neighbour_mm: float = Field(5.0, gt=0, description="distance of the slices that are shown together")
    negatives: float = Field(
        1.0, gt=0, description="slices or scans without hemorrhage in an epoch for each one with hemorrhage"
    )
    training: TrainingSettings = TrainingSettings(slice_loss=1.0)


class TrainingFit(Strict):
    """How well the trained network fits the subjects that it was trained on; None if one class is missing."""

    slice_auc: float | None = None
    scan_auc: float | None = None


class DeepParameters(Strict):
    """What is found besides the weights: on the validation subjects, or measured on the training subjects."""

    head_mm: float = Field(gt=0, description="median length of the training heads, for scans of unknown pixel size")
    slice_threshold: float = Field(
        0.5, ge=0, le=1, description="slice probability with the best balanced accuracy on the validation slices"
    )
    voxel_threshold: float | None = Field(
        None, ge=0, le=1, description="voxel probability with the best mean Dice on the validation subjects"
    )
    on_training_subjects: TrainingFit = TrainingFit()
    n_parameters: int = Field(0, ge=0, description="weights of all networks together")
