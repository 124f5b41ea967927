"""The method: see the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Outputs, Slices
from ichor.methods.kuang2019.contour import evolve
from ichor.methods.seeds import Seeds, drawn
from ichor.orientation import to_radiological
from ichor.scan import Scan
from ichor.segmentation import Segmentation, Task
from ichor.train.settings import TrainingSettings
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part

_PUBLISHED_WIDTH = 64
_REACH_MM = 20.0  # how far from a seed its region may reach
_SEED_PX = 6  # radius of the disc that a seed stands for
_LOWEST = 0.05  # on slices where no voxel is more probable, nothing evolves


class KuangSettings(DeepSettings):
    """The settings of `kuang2019`."""

    size: int = Field(512, gt=0, multiple_of=16)
    average_mm: float = Field(4.0, gt=0, description="side of the square over which the two sides are compared")
    seeded: bool = Field(False, description="whether this is the semi-automatic system, which is given seeds")
    evolution: bool = Field(True, description="whether the contour evolves; without, the U-Net alone decides")
    length: float = Field(1.0, ge=0, description="weight of the contour's length")
    intensity: float = Field(0.5, ge=0, description="weight of HU in the contour's evolution")
    iterations: int = Field(150, ge=1)
    training: TrainingSettings = TrainingSettings(epochs=100, batch=8, learning_rate=1e-4, schedule="cosine")


class Kuang2019(Deep[KuangSettings]):
    """Segments slices by a U-Net, and lets the contours evolve."""

    name = "kuang2019"
    task = Task.SEGMENT | Task.DETECT
    settings_type = KuangSettings
    output = "probability"
    view = Slices()

    def parts(self) -> Sequence[Part]:
        """The U-Net."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.bilateral import BilateralDifference
        from ichor.nets.unet import UNet
        from ichor.train.losses import boundary_loss

        settings = self.settings

        def build(_: Sequence[nn.Module]) -> nn.Module:
            average_px = 2 * round(settings.average_mm / settings.pixel_mm / 2) + 1
            seen = BilateralDifference(BRAIN, average_px)
            return UNet(max(2, round(_PUBLISHED_WIDTH * settings.width)), seen, channels=2)

        how: dict[str, Any] = {"chosen_by": "voxels", "loss_of": boundary_loss}
        return [Part("network", build, self.view, settings.training, settings.negatives, **how)]

    def refine(self, hu: NDArray[np.float32], outputs: Outputs) -> Outputs:
        """Contours evolve on slices where hemorrhage is not ruled out; a slice keeps the probability of the U-Net."""
        probability = outputs["probability"]
        highest = probability.max(axis=(1, 2))
        if not self.settings.evolution:
            return outputs
        evolved = np.zeros_like(probability)
        for k in np.flatnonzero(highest >= _LOWEST):
            evolved[k] = self._evolved(hu[k], probability[k])
        return {**outputs, "probability": evolved, "slice_probability": highest}

    @property
    def semi_automatic(self) -> bool:
        """Whether this is the paper's semi-automatic system."""
        return self.settings.seeded

    def predict_seeded(self, scan: Scan, seeds: Seeds) -> Segmentation:
        """Let contours evolve from the seeds; on slices without any, nothing is marked."""
        hu, field = self.in_field(scan)
        found = self.outputs(hu, scan.slice_positions_mm, refined=False)["probability"]
        marked = field.resample_mask(to_radiological(drawn(seeds, scan.voxels.shape, _SEED_PX), scan))
        evolved = np.zeros_like(found)
        for k in np.flatnonzero(marked.any(axis=(1, 2))):
            evolved[k] = self._evolved(hu[k], found[k], marked[k])
        outputs = {"probability": evolved, "slice_probability": evolved.max(axis=(1, 2))}
        return self.segmentation(scan, field, outputs, voxel_threshold=0.5)

    def _evolved(
        self, hu: NDArray[np.float32], probability: NDArray[np.float32], seeds: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """The region on one slice (`contour.evolve`)."""
        settings = self.settings
        return evolve(
            hu,
            probability,
            length=settings.length,
            intensity=settings.intensity,
            iterations=settings.iterations,
            seeds=seeds,
            reach=max(2, round(_REACH_MM / settings.pixel_mm)),
        )

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "A U-Net sees each slice and the difference between both sides of the head; its output starts a contour "
            "evolution by continuous max-flow (Kuang et al. 2019, fully automatic). A slice is as probable as the most "
            "probable voxel of the U-Net. Probabilities are not calibrated."
        )
