"""Settings and parameters of `unet-tiles`; unknown keys are refused."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field as Setting
from pydantic import model_validator

from ichor.methods.field import tile_corners
from ichor.train.settings import Strict, TrainingSettings


class UNetTilesSettings(Strict):
    """The settings of `unet-tiles`; the defaults are the paper's."""

    width: int = Setting(64, ge=1, description="filters of the first level; 64 gives the paper's 31,031,685 parameters")
    pixel_mm: float = Setting(0.33, gt=0, description="pixel size of the field; the paper's slices are 0.33 mm")
    size: int = Setting(640, gt=0, description="width and height of the field in pixels; the paper crops 650 to 640")
    centre: Literal["image", "head"] = Setting("image", description="what the field is centred on")
    tile: int = Setting(160, gt=0, multiple_of=16)
    stride: int = Setting(80, gt=0)
    threshold: float = Setting(0.5, ge=0, le=1)
    morphology: bool = Setting(True, description="closing by 10x10 and opening by 5x5 after the threshold")
    stretch: bool = Setting(
        False, description="whether to rescale each tile from its lowest to its highest value, as the released code did"
    )
    batch: int = Setting(7, ge=1, description="tiles per forward pass")
    negative_slices: int = Setting(
        1, ge=0, description="slices without hemorrhage of each training subject to train on, drawn once"
    )
    training: TrainingSettings = TrainingSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        tile_corners(self.size, self.tile, self.stride)
        if self.training.slice_loss:
            raise ValueError(
                f"expected training.slice_loss 0, there is no slice head, found {self.training.slice_loss:g}"
            )
        return self


class Parameters(Strict):
    """Only the size of a head is learned, for scans of unknown pixel size; the threshold is the paper's."""

    head_mm: float = Setting(gt=0)
