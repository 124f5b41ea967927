"""`grewal2018` (RADnet): a DenseNet of 40 layers with three auxiliary segmentations, and a bidirectional LSTM.

Grewal, Srivastava, Kumar and Varadarajan 2018, "RADnet: Radiologist level accuracy using deep learning for hemorrhage
detection in CT scans", IEEE ISBI 281-284, arXiv:1710.04934.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. From
the review: 40 layers, a binary segmentation after each dense block by a convolution and a deconvolution, the
bidirectional LSTM, augmentation by rotation and horizontal flipping, and scans balanced between the classes. Chosen
here: the brain window; a growth rate of 12; a first convolution of stride 2; training on single slices before training
together with the LSTM; half as many states as features; the five subtypes as further outputs; the mean of the three
segmentations as the voxel's probability, which the paper's review lists as its segmentation; and that a scan is as
probable as its most probable slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Scans, Slices
from ichor.segmentation import Task
from ichor.train.settings import AugmentationSettings, TrainingSettings
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part

_TURNED = AugmentationSettings(rotation_deg=20, shift=0, shear_deg=0, zoom=0, flip=True)


class GrewalSettings(DeepSettings):
    """The settings of `grewal2018`."""

    pixel_mm: float = Field(0.85, gt=0)
    size: int = Field(256, gt=0, multiple_of=8)
    training: TrainingSettings = Field(
        TrainingSettings(
            **{"epochs": 100, "learning_rate": 1e-3, "schedule": "cosine", "slice_loss": 1.0, "subtype_loss": 0.5},
            augmentation=_TURNED,
        ),
        description="of the DenseNet on slices",
    )
    scan_training: TrainingSettings = Field(
        TrainingSettings(
            epochs=20, batch=1, learning_rate=1e-3, slice_loss=1.0, subtype_loss=0.5, augmentation=_TURNED
        ),
        description="of the DenseNet and the LSTM together, on scans",
    )


class Grewal2018(Deep[GrewalSettings]):
    """Classifies each slice together with those around it, and outlines hemorrhage by the auxiliary tasks."""

    name = "grewal2018"
    task = Task.SEGMENT | Task.DETECT
    settings_type = GrewalSettings
    output = "slice_probability"

    @property
    def view(self) -> Scans:
        """All slices of a scan, in order."""
        return Scans(distance_mm=self.settings.neighbour_mm)

    def parts(self) -> Sequence[Part]:
        """The network for slices, then the one for scans."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.radnet import RADnet
        from ichor.nets.slice_sequence import SliceSequence

        settings = self.settings

        def slices(_: Sequence[nn.Module]) -> nn.Module:
            return RADnet([(0, BRAIN)], settings.width)

        def scans(networks: Sequence[nn.Module]) -> nn.Module:
            return SliceSequence(networks[0], kind="lstm")

        return [
            Part("slices", slices, Slices(), settings.training, settings.negatives),
            Part("scans", scans, self.view, settings.scan_training, settings.negatives),
        ]

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "A DenseNet of 40 layers and a bidirectional LSTM over the slices find hemorrhage, and three auxiliary "
            "segmentations outline it (Grewal et al. 2018). Probabilities are not calibrated."
        )
