"""`chang2018`: a region-of-interest network over five slices that proposes, classifies and masks.

Chang, Kuoy, Grinband, Weinberg, Thompson, Homo et al. 2018, "Hybrid 3D/2D convolutional neural network for hemorrhage
evaluation on head CT", American Journal of Neuroradiology 39:1609-1616, doi:10.3174/ajnr.A5742.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2), by which the network estimates
regions with hemorrhage for each five slices and then draws a mask; the full text was not at hand. Chosen here: the
network (`ichor.nets.roi_net`), a small Mask R-CNN whose first layers are three-dimensional; the regions to learn are
the connected parts of a slice's mask; neighboring proposals are suppressed by the local maximum; the brain window; all
five subtypes, though the paper leaves out intraventricular hemorrhage; a slice is as probable as its most probable
region, and a scan as its most probable slice.
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
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part


class ChangSettings(DeepSettings):
    """The settings of `chang2018`."""

    size: int = Field(512, gt=0, multiple_of=32)
    proposals: int = Field(8, ge=1, description="regions of a slice that are classified")
    training: TrainingSettings = TrainingSettings(
        epochs=100, batch=16, learning_rate=1e-3, schedule="cosine", subtype_loss=0.5
    )


class Chang2018(Deep[ChangSettings]):
    """Proposes regions on each slice, seen with two on either side, and classifies and masks them."""

    name = "chang2018"
    task = Task.SEGMENT | Task.DETECT
    settings_type = ChangSettings
    output = "probability"

    @property
    def view(self) -> Slices:
        """Five slices."""
        return Slices(reach=2, distance_mm=self.settings.neighbour_mm)

    def parts(self) -> Sequence[Part]:
        """One network."""
        import torch

        from ichor.methods.deep.fit import Part
        from ichor.nets.roi_net import RoiNet
        from ichor.train.roi_loss import roi_loss

        settings = self.settings
        torch.manual_seed(settings.training.seed)
        network = RoiNet(BRAIN, settings.width, settings.proposals)

        def build(_: Sequence[nn.Module]) -> nn.Module:
            return network

        how: dict[str, Any] = {"chosen_by": "voxels", "loss_of": roi_loss(network)}
        return [Part("network", build, self.view, settings.training, settings.negatives, **how)]

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "A network on five slices proposes regions, classifies them and draws a mask in each (after Mask R-CNN, "
            "Chang et al. 2018). Probabilities are not calibrated."
        )
