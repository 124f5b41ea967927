"""`kuo2018` (PatchFCN): a dilated residual network on crops, averaged where they overlap.

Kuo, Häne, Yuh, Mukherjee and Malik 2018, "Cost-sensitive active learning for intracranial hemorrhage detection", MICCAI
715-723, doi:10.1007/978-3-030-00931-1_82, and by the same authors "PatchFCN for intracranial hemorrhage detection",
arXiv:1806.03265. (Their active learning is in the annotation tool.)

Written from the abstracts and from the review in Hssayeni et al. 2019 (sections 2 and 5, which has the crops' 160 x 160
pixels); the full text was not at hand. Chosen here: the dilated residual network has 38 layers (Yu et al. 2017, type D)
and sees one slice in the brain window; crops overlap by half; cross-entropy with the Dice loss, on crops of which most
are on hemorrhage; and a slice, and so a scan, is as probable as its most probable voxel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Slices, Tiles
from ichor.methods.field import tile_corners
from ichor.segmentation import Task
from ichor.train.settings import TrainingSettings
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part


class KuoSettings(DeepSettings):
    """The settings of `kuo2018`."""

    size: int = Field(480, gt=0)
    depth: Literal[22, 38] = Field(38, description="layers of the dilated residual network")
    stride: int = Field(80, gt=0, description="distance of the crops in pixels, in prediction")
    training: TrainingSettings = TrainingSettings(
        epochs=200, learning_rate=1e-3, schedule="cosine", loss="dice", crop=160
    )

    @model_validator(mode="after")
    def _crops_cover_the_field(self) -> Self:
        if self.training.crop is None:
            raise ValueError("expected training.crop, the side of the crops, found none")
        tile_corners(self.size, self.training.crop, self.stride)
        return self


class Kuo2018(Deep[KuoSettings]):
    """Segments crops of slices."""

    name = "kuo2018"
    task = Task.SEGMENT | Task.DETECT
    settings_type = KuoSettings
    output = "probability"

    @property
    def view(self) -> Tiles:
        """Overlapping crops."""
        assert self.settings.training.crop is not None  # by its validator
        return Tiles(tile=self.settings.training.crop, stride=self.settings.stride)

    def parts(self) -> Sequence[Part]:
        """One network; between epochs it is validated on whole slices, which is faster than on crops."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.patch_fcn import PatchFCN
        from ichor.train.losses import loss_of

        settings = self.settings

        def build(_: Sequence[nn.Module]) -> nn.Module:
            return PatchFCN(settings.depth, [(0, BRAIN)], settings.width)

        how: dict[str, Any] = {"chosen_by": "voxels", "loss_of": loss_of}
        return [Part("network", build, Slices(), settings.training, settings.negatives, **how)]

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "A dilated residual network segments overlapping crops of each slice, and their probabilities are averaged "
            "(PatchFCN, Kuo et al. 2018). A slice is as probable as its most probable voxel. Probabilities are not "
            "calibrated."
        )
