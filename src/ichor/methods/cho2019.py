"""`cho2019`: a cascade of two GoogLeNets in two windows, and two FCNs after VGG-16 for the mask.

Cho, Park, Karki, Lee, Ko, Kim et al. 2019, "Improving sensitivity on identification and delineation of intracranial
hemorrhage lesion using cascaded deep learning models", Journal of Digital Imaging 32:450-461,
doi:10.1007/s10278-018-00172-1.

The abstract: each network is trained separately on images in two windows, a default one (level 50, width 100) and the
stroke window (40/40); the cascade of classifiers identifies bleeding, and thereafter the dual FCN delineates it.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. The
paper's FCNs delineate each subtype; the dataset's masks do not tell subtypes, so here they delineate hemorrhage, and
the subtypes are outputs of the GoogLeNets. Chosen here: weights are random at first, and so both networks have batch
norm; the FCN is FCN-8s, trained by cross-entropy and the Dice loss; a slice and its subtypes are as probable as the
surer of the two classifiers says; and a voxel as the surer of the two FCNs says, times the slice's probability.
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
from ichor.windows import STROKE, GrayWindow

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part

_WINDOWS = {"default": GrayWindow(50, 100), "stroke": STROKE}


class ChoSettings(DeepSettings):
    """The settings of `cho2019`."""

    size: int = Field(512, gt=0, multiple_of=32)
    training: TrainingSettings = Field(
        TrainingSettings(epochs=100, learning_rate=1e-3, schedule="cosine", slice_loss=1.0, subtype_loss=0.5),
        description="of the two GoogLeNets",
    )
    mask_training: TrainingSettings = Field(
        TrainingSettings(epochs=100, learning_rate=1e-3, schedule="cosine", loss="dice"),
        description="of the two FCNs",
    )


class Cho2019(Deep[ChoSettings]):
    """Classifies slices by two networks, and segments by two more."""

    name = "cho2019"
    task = Task.SEGMENT | Task.DETECT
    settings_type = ChoSettings
    output = "probability"
    view = Slices()

    def parts(self) -> Sequence[Part]:
        """A classifier and a segmenter for each window."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.fcn import FCN8
        from ichor.nets.googlenet import GoogLeNet
        from ichor.nets.slice_classifier import N_LOGITS, SliceClassifier
        from ichor.train.losses import loss_of

        settings = self.settings

        def classifier(window: GrayWindow) -> Callable[[Sequence[nn.Module]], nn.Module]:
            def build(_: Sequence[nn.Module]) -> nn.Module:
                backbone = GoogLeNet(1, N_LOGITS, settings.width, batch_norm=True, auxiliary=True)
                return SliceClassifier(backbone, [(0, window)])

            return build

        def segmenter(window: GrayWindow) -> Callable[[Sequence[nn.Module]], nn.Module]:
            return lambda _: FCN8([(0, window)], settings.width, batch_norm=True)

        how: dict[str, Any] = {"chosen_by": "voxels", "loss_of": loss_of}
        n = settings.negatives
        return [
            *(Part(f"call-{k}", classifier(w), self.view, settings.training, n) for k, w in _WINDOWS.items()),
            *(
                Part(f"mask-{k}", segmenter(w), self.view, settings.mask_training, n, **how)
                for k, w in _WINDOWS.items()
            ),
        ]

    def join(self, networks: Sequence[nn.Module]) -> nn.Module:
        """The cascade."""
        from ichor.nets.cascade import Cascade

        return Cascade(networks[:2], networks[2:]).eval()

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "Two GoogLeNets, one in each of two gray windows, find slices with hemorrhage, and two fully convolutional "
            "networks after VGG-16 delineate it (Cho et al. 2019). Probabilities are not calibrated."
        )
