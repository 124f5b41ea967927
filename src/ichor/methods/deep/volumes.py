"""Ensembles of 3-D networks that classify a scan as a whole, resampled to one volume."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

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
    from ichor.nets.building import Backbone


class VolumeSettings(DeepSettings):
    """The settings of an ensemble."""

    pixel_mm: float = Field(0.9, gt=0)
    size: int = Field(256, gt=0)
    depth: int = Field(24, gt=0, description="planes of the volume")
    training: TrainingSettings = TrainingSettings(
        epochs=100, batch=8, learning_rate=1e-4, schedule="cosine", slice_loss=1.0
    )


V = TypeVar("V", bound=VolumeSettings)


class VolumeEnsemble(Deep[V]):
    """The mean of the logits of the `members`, each with a seed of its own. Every slice has the scan's probability."""

    task = Task.DETECT
    output = "scan_probability"

    @abstractmethod
    def members(self) -> Mapping[str, Callable[[], Backbone]]:
        """The networks by name, each with one channel and one logit."""

    @property
    def view(self) -> Volume:
        """The scan as a volume."""
        return Volume(self.settings.depth)

    def parts(self) -> Sequence[Part]:
        """The members."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.volume_classifier import VolumeClassifier

        settings = self.settings

        def network(backbone: Callable[[], Backbone]) -> Callable[[Sequence[nn.Module]], nn.Module]:
            return lambda _: VolumeClassifier(backbone(), settings.depth, BRAIN)

        def training(k: int) -> TrainingSettings:
            return settings.training.model_copy(update={"seed": settings.training.seed + k})

        return [
            Part(name, network(backbone), self.view, training(k), settings.negatives, chosen_by="scans")
            for k, (name, backbone) in enumerate(self.members().items())
        ]

    def join(self, networks: Sequence[nn.Module]) -> nn.Module:
        """The mean of the members."""
        from ichor.nets.ensemble import Ensemble

        return Ensemble(networks).eval()
