"""`chilamkurthy2018`: ResNet-18 with five heads on slices in three windows, a random forest over slices for the scan.

Chilamkurthy, Ghosh, Tanamala, Biviji, Campeau, Venugopal, Mahajan, Rao and Warier 2018, "Deep learning algorithms for
detection of critical findings in head CT scans: a retrospective study", The Lancet 392:2388-2396,
doi:10.1016/S0140-6736(18)31645-3, arXiv:1803.05854.

A ResNet-18 whose last layer is replaced by five parallel ones, one for each subtype, sees a slice in the brain, bone
and subdural windows; a random forest combines the slices' confidences into that of the scan. (The paper's segmentation
of hematomas by a U-Net is not part of its detection.)

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. Chosen
here: the gray windows are those of `ichor.windows`; weights are random at first; a slice shows hemorrhage as probably
as its most probable subtype; the forest sees, for hemorrhage and for each subtype, the maximum, the means of the three
and of the five highest slices, and the share of slices above one half; and it is fitted on the outputs for the training
and the validation scans together, since on the training scans alone the network is nearly always right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Outputs, Slices
from ichor.methods.forest import Forest
from ichor.segmentation import Task
from ichor.subtypes import Subtype
from ichor.train.settings import TrainingSettings
from ichor.windows import BONE, BRAIN, SUBDURAL

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part
    from ichor.methods.deep.prepared import Prepared

_HIGHEST = (1, 3, 5)
N_FEATURES = (len(_HIGHEST) + 1) * (1 + len(Subtype))


class ChilamkurthySettings(DeepSettings):
    """The settings of `chilamkurthy2018`."""

    pixel_mm: float = Field(1.0, gt=0)
    size: int = Field(224, gt=0)
    trees: int = Field(100, ge=1, description="trees of the random forest")
    training: TrainingSettings = TrainingSettings(
        epochs=100, learning_rate=1e-3, schedule="cosine", slice_loss=1.0, subtype_loss=1.0
    )


class Chilamkurthy2018(Deep[ChilamkurthySettings]):
    """Classifies each slice by ResNet-18, and scans by a random forest over their slices."""

    name = "chilamkurthy2018"
    task = Task.DETECT
    settings_type = ChilamkurthySettings
    output = "slice_probability"
    view = Slices()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.forest: Forest | None = None

    def parts(self) -> Sequence[Part]:
        """One network."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.resnet import ResNet
        from ichor.nets.slice_classifier import SliceClassifier

        def build(_: Sequence[nn.Module]) -> nn.Module:
            backbone = ResNet(18, 3, len(Subtype), self.settings.width)
            return SliceClassifier(backbone, [(0, BRAIN), (0, BONE), (0, SUBDURAL)])

        return [Part("network", build, self.view, self.settings.training, self.settings.negatives)]

    def learn_from_outputs(self, cases: Sequence[tuple[Prepared, Outputs]]) -> None:
        """Fit the forest."""
        features = np.stack([scan_features(outputs) for _, outputs in cases])
        truth = np.array([case.labels.any() for case, _ in cases])
        self.forest = Forest.fit(features, truth, trees=self.settings.trees, seed=self.settings.training.seed)

    def scan_probability(self, outputs: Outputs) -> float:
        """The forest's."""
        assert self.forest is not None  # fitted or loaded, as is the network that gave the outputs
        return float(self.forest.probability_of(scan_features(outputs)[None])[0])

    def save(self, folder: Path) -> None:
        """Export network, forest and configuration into `folder`."""
        super().save(folder)
        assert self.forest is not None  # the network is fitted, or `save` had refused
        self.forest.save(folder)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> Self:
        """Load the method that `save` wrote."""
        method = super().load(folder, threads=threads)
        method.forest = Forest.load(folder, N_FEATURES)
        return method

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "ResNet-18 classifies each slice in three gray windows, one output for each subtype; a random forest over "
            "the slices gives the scan's probability (Chilamkurthy et al. 2018). Probabilities are not calibrated."
        )


def scan_features(outputs: Outputs) -> NDArray[np.float32]:
    """(N_FEATURES,) what the forest sees of a scan, from the probabilities of its slices and their subtypes."""
    found = np.column_stack([outputs["slice_probability"], outputs["subtype_probability"]])
    ordered = -np.sort(-found, axis=0)
    return np.concatenate([*(ordered[:k].mean(axis=0) for k in _HIGHEST), (found > 0.5).mean(axis=0)]).astype(
        np.float32
    )
