"""`lee2019`: VGG-16, ResNet-50, Inception-v3 and Inception-ResNet-v2 together, slice interpolation, attention maps.

Lee, Yune, Mansouri, Kim, Tajmir, Guerrier et al. 2019, "An explainable deep-learning algorithm for the detection of
acute intracranial haemorrhage from small datasets", Nature Biomedical Engineering 3:173-182,
doi:10.1038/s41551-018-0324-9.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. The
paper starts from weights trained on ImageNet, which cannot be had here: these networks start from random weights.
Chosen here: slice interpolation is the mean of a slice with its lower and with its upper neighbor, beside the slice
itself, as the three channels, all in the brain window; VGG-16 has batch norm and ends in the mean of its maps, as the
other three do; the logits of the four are averaged; attention maps are class activation maps of the last layer,
averaged; the subtypes are outputs of the same networks; a scan is as probable as its most probable slice; and voxels
are marked from the attention that gives the best mean Dice on the validation subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Slices
from ichor.segmentation import Task
from ichor.train.settings import TrainingSettings
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part
    from ichor.nets.building import Backbone


class LeeSettings(DeepSettings):
    """The settings of `lee2019`."""

    size: int = Field(512, ge=75)
    inception_resnet_blocks: tuple[int, int, int] = Field(
        (10, 20, 10), description="residual blocks of the three stages of Inception-ResNet-v2"
    )
    training: TrainingSettings = TrainingSettings(
        epochs=100, learning_rate=1e-3, schedule="cosine", slice_loss=1.0, subtype_loss=0.5
    )


class Lee2019(Deep[LeeSettings]):
    """Classifies each slice by four networks, and shows by their attention where hemorrhage is."""

    name = "lee2019"
    task = Task.SEGMENT | Task.DETECT
    settings_type = LeeSettings
    output = "slice_probability"

    @property
    def view(self) -> Slices:
        """Each slice with its neighbors."""
        return Slices(reach=1, distance_mm=self.settings.neighbour_mm)

    def parts(self) -> Sequence[Part]:
        """The four networks."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.inception_resnet_v2 import InceptionResNetV2
        from ichor.nets.inception_v3 import InceptionV3
        from ichor.nets.resnet import ResNet
        from ichor.nets.slice_classifier import N_LOGITS, SliceClassifier
        from ichor.nets.vgg import VGG16

        settings = self.settings
        shape = (3, N_LOGITS, settings.width)
        backbones: dict[str, Callable[[], Backbone]] = {
            "vgg16": lambda: VGG16(*shape, batch_norm=True, pooled_head=True),
            "resnet50": lambda: ResNet(50, *shape),
            "inception-v3": lambda: InceptionV3(*shape),
            "inception-resnet-v2": lambda: InceptionResNetV2(*shape, repeats=settings.inception_resnet_blocks),
        }

        def network(backbone: Callable[[], Backbone]) -> Callable[[Sequence[nn.Module]], nn.Module]:
            channels = [(k, BRAIN) for k in range(3)]
            return lambda _: SliceClassifier(backbone(), channels, attention=True, interpolated=True)

        return [
            Part(name, network(backbone), self.view, settings.training, settings.negatives)
            for name, backbone in backbones.items()
        ]

    def join(self, networks: Sequence[nn.Module]) -> nn.Module:
        """The mean of the four."""
        from ichor.nets.ensemble import Ensemble

        return Ensemble(networks).eval()

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "VGG-16, ResNet-50, Inception-v3 and Inception-ResNet-v2 classify each slice together with its neighbors, "
            "and their class activation maps show where hemorrhage is (Lee et al. 2019). The mask is an attention map "
            "above a threshold, no outline; its volume means little. Probabilities are not calibrated."
        )
