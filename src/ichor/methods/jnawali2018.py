"""`jnawali2018`: an ensemble of three 3-D networks after AlexNet and GoogLeNet, on the whole scan.

Jnawali, Arbabshirani, Rao and Patel 2018, "Deep 3D convolution neural network for CT brain hemorrhage classification",
Proc. SPIE 10575, Medical Imaging 2018: Computer-Aided Diagnosis, 105751C, doi:10.1117/12.2293725.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. From
the review: three networks after AlexNet and GoogLeNet, extended to three dimensions, with fewer layers and filters;
scans with hemorrhage are oversampled until both classes are balanced. Chosen here: all layers and half of the filters;
AlexNet twice, with different seeds, and GoogLeNet once; batch norm in both; the brain window; volumes of 24 planes; and
the mean of the three logits.

The networks see the scan as a whole and say nothing of its slices: each slice has the scan's probability.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ichor.methods.deep.volumes import VolumeEnsemble, VolumeSettings

if TYPE_CHECKING:
    from ichor.nets.building import Backbone


class JnawaliSettings(VolumeSettings):
    """The settings of `jnawali2018`."""

    width: float = Field(0.5, gt=0, description="multiplier of the original networks' number of filters")
    size: int = Field(256, ge=63)
    depth: int = Field(24, ge=7, description="planes of the volume")


class Jnawali2018(VolumeEnsemble[JnawaliSettings]):
    """Classifies scans by three 3-D networks."""

    name = "jnawali2018"
    settings_type = JnawaliSettings

    def members(self) -> Mapping[str, Callable[[], Backbone]]:
        """AlexNet twice and GoogLeNet once."""
        from ichor.nets.alexnet import AlexNet, map_sides
        from ichor.nets.googlenet import GoogLeNet

        settings = self.settings

        def alexnet() -> Backbone:
            sides = map_sides(settings.depth, settings.size)
            return AlexNet(1, 1, settings.width, dims=3, sides=sides, batch_norm=True)

        def googlenet() -> Backbone:
            return GoogLeNet(1, 1, settings.width, dims=3, batch_norm=True)

        return {"alexnet-1": alexnet, "alexnet-2": alexnet, "googlenet": googlenet}

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "Three 3-D networks after AlexNet and GoogLeNet classify the scan as a whole (Jnawali et al. 2018). Each "
            "slice has the scan's probability. Probabilities are not calibrated."
        )
