"""`prevedello2017`: a convolutional network on slices in several gray windows, critical finding or not.

Prevedello, Erdal, Ryu, Little, Demirer, Qian and White 2017, "Automated critical test findings identification and
online notification system using artificial intelligence in imaging", Radiology 285:923-931,
doi:10.1148/radiol.2017162664.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. The
paper's first algorithm recognizes hemorrhage, mass effect and hydrocephalus together; here hemorrhage is the only
finding. Chosen here: the network, GoogLeNet (Szegedy et al. 2015) with batch norm and its auxiliary classifiers,
trained from random weights; the windows brain, bone and subdural as its three channels; the five subtypes as further
outputs, which the paper does not have; and that a scan is as probable as its most probable slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Slices
from ichor.segmentation import Task
from ichor.train.settings import TrainingSettings
from ichor.windows import BONE, BRAIN, SUBDURAL

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part


class PrevedelloSettings(DeepSettings):
    """The settings of `prevedello2017`."""

    pixel_mm: float = Field(1.0, gt=0)
    size: int = Field(256, gt=0)
    training: TrainingSettings = TrainingSettings(
        epochs=100, learning_rate=1e-3, schedule="cosine", slice_loss=1.0, subtype_loss=0.5
    )


class Prevedello2017(Deep[PrevedelloSettings]):
    """Classifies each slice by GoogLeNet."""

    name = "prevedello2017"
    task = Task.DETECT
    settings_type = PrevedelloSettings
    output = "slice_probability"
    view = Slices()

    def parts(self) -> Sequence[Part]:
        """One network."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.googlenet import GoogLeNet
        from ichor.nets.slice_classifier import N_LOGITS, SliceClassifier

        def build(_: Sequence[nn.Module]) -> nn.Module:
            backbone = GoogLeNet(3, N_LOGITS, self.settings.width, batch_norm=True, auxiliary=True)
            return SliceClassifier(backbone, [(0, BRAIN), (0, BONE), (0, SUBDURAL)])

        return [Part("network", build, self.view, self.settings.training, self.settings.negatives)]

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "GoogLeNet classifies each slice in three gray windows (Prevedello et al. 2017); a scan is as probable as "
            "its most probable slice. Probabilities are not calibrated."
        )
