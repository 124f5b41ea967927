"""`ye2019`: VGG-16 with a bidirectional GRU over slices in two stages, presence and subtypes; Grad-CAM for the place.

Ye, Gao, Yin, Guo, Zhao, Lu et al. 2019, "Precise diagnosis of intracranial hemorrhage and subtypes using a
three-dimensional joint convolutional and recurrent neural network", European Radiology 29:6191-6201,
doi:10.1007/s00330-019-06163-2.

One network of VGG-16 and a bidirectional GRU decides whether there is hemorrhage; a second one of the same kind tells
the five subtypes of what is found. Grad-CAM on the first shows where; the paper's review counts that as segmentation.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. Chosen
here: a slice is seen in the windows brain, bone and subdural; VGG-16 has batch norm, without which it hardly trains
from random weights, and ends in the mean of its maps; it is first trained on single slices, then together with the GRU
on scans; the GRU's states are half as many as the features; the second stage learns from slices with hemorrhage only; a
scan is as probable as its most probable slice; and voxels are marked from the attention that gives the best mean Dice
on the validation subjects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Scans, Slices
from ichor.segmentation import Task
from ichor.train.settings import TrainingSettings
from ichor.windows import BONE, BRAIN, SUBDURAL

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part

_CHANNELS = [(0, BRAIN), (0, BONE), (0, SUBDURAL)]


class YeSettings(DeepSettings):
    """The settings of `ye2019`."""

    pixel_mm: float = Field(1.0, gt=0)
    size: int = Field(224, gt=0)
    training: TrainingSettings = Field(
        TrainingSettings(epochs=100, learning_rate=1e-3, schedule="cosine", slice_loss=1.0, subtype_loss=1.0),
        description="of VGG-16 on slices",
    )
    scan_training: TrainingSettings = Field(
        TrainingSettings(epochs=20, batch=1, learning_rate=1e-3, slice_loss=1.0, subtype_loss=1.0),
        description="of VGG-16 and the GRU together, on scans",
    )


class Ye2019(Deep[YeSettings]):
    """Two networks of VGG-16 and GRU, one after the other."""

    name = "ye2019"
    task = Task.SEGMENT | Task.DETECT
    settings_type = YeSettings
    output = "slice_probability"

    @property
    def view(self) -> Scans:
        """All slices of a scan, in order."""
        return Scans(distance_mm=self.settings.neighbour_mm)

    def parts(self) -> Sequence[Part]:
        """For each stage, the network for slices and the one for scans."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.slice_classifier import N_LOGITS, SliceClassifier
        from ichor.nets.slice_sequence import SliceSequence
        from ichor.nets.vgg import VGG16
        from ichor.train.losses import detection_loss, subtype_loss

        settings = self.settings

        def slices(_: Sequence[nn.Module]) -> nn.Module:
            backbone = VGG16(3, N_LOGITS, settings.width, batch_norm=True, pooled_head=True)
            return SliceClassifier(backbone, _CHANNELS)

        def scans(networks: Sequence[nn.Module]) -> nn.Module:
            return SliceSequence(networks[-1], attention=len(networks) == 1)

        made: list[Part] = []
        for stage in ("presence", "subtypes"):
            presence = stage == "presence"
            loss_of, chosen_by = (detection_loss, "slices") if presence else (subtype_loss, "subtypes")
            negatives = settings.negatives if presence else 1e-9  # of which at least one is drawn
            how: dict[str, Any] = {"negatives": negatives, "chosen_by": chosen_by, "loss_of": loss_of}
            made += [
                Part(f"{stage}-slices", slices, Slices(), settings.training, **how),
                Part(f"{stage}-scans", scans, self.view, settings.scan_training, **how),
            ]
        return made

    def join(self, networks: Sequence[nn.Module]) -> nn.Module:
        """Both stages."""
        from ichor.nets.two_stages import TwoStages

        return TwoStages(networks[1], networks[3]).eval()

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "VGG-16 and a bidirectional GRU over the slices find hemorrhage, a second network of the same kind tells "
            "its subtypes, and Grad-CAM shows where it is (Ye et al. 2019). The mask is an attention map above a "
            "threshold, no outline; its volume means little. Probabilities are not calibrated."
        )
