"""`arbabshirani2018`: four 3-D convolutional networks on volumes of 24 x 256 x 256 voxels.

Arbabshirani, Fornwalt, Mongelluzzo, Suever, Geise, Patel and Moore 2018, "Advanced machine learning in action:
identification of intracranial hemorrhage on computed tomography scans of the head with clinical workflow integration",
npj Digital Medicine 1:9, doi:10.1038/s41746-017-0015-z.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2), from which the ensemble of four and
the shape of the input are; the full text was not at hand. Chosen here: the network of five convolutions and two fully
connected layers (`ichor.nets.volume_classifier`), the same four times with different seeds; the brain window; and the
mean of the four logits.

The networks see the scan as a whole and say nothing of its slices: each slice has the scan's probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Volume
from ichor.segmentation import Task
from ichor.train.settings import TrainingSettings
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part

_MEMBERS = 4


class ArbabshiraniSettings(DeepSettings):
    """The settings of `arbabshirani2018`."""

    pixel_mm: float = Field(0.9, gt=0)
    size: int = Field(256, ge=64)
    depth: int = Field(24, ge=8, description="planes of the volume")
    training: TrainingSettings = TrainingSettings(
        epochs=100, batch=8, learning_rate=1e-4, schedule="cosine", slice_loss=1.0
    )


class Arbabshirani2018(Deep[ArbabshiraniSettings]):
    """Classifies scans by four 3-D networks."""

    name = "arbabshirani2018"
    task = Task.DETECT
    settings_type = ArbabshiraniSettings
    output = "scan_probability"

    @property
    def view(self) -> Volume:
        """The scan as a volume."""
        return Volume(self.settings.depth)

    def parts(self) -> Sequence[Part]:
        """The four networks."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.volume_classifier import Plain3D, VolumeClassifier

        settings = self.settings

        def build(_: Sequence[nn.Module]) -> nn.Module:
            return VolumeClassifier(Plain3D(1, 1, settings.width), settings.depth, BRAIN)

        made = []
        for k in range(_MEMBERS):
            training = settings.training.model_copy(update={"seed": settings.training.seed + k})
            part = Part(f"network-{k + 1}", build, self.view, training, settings.negatives, chosen_by="scans")
            made.append(part)
        return made

    def join(self, networks: Sequence[nn.Module]) -> nn.Module:
        """The mean of the four."""
        from ichor.nets.ensemble import Ensemble

        return Ensemble(networks).eval()

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "Four 3-D networks classify the scan as a whole, resampled to one volume (Arbabshirani et al. 2018). Each "
            "slice has the scan's probability. Probabilities are not calibrated."
        )
