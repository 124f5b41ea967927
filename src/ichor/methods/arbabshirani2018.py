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

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ichor.methods.deep.volumes import VolumeEnsemble, VolumeSettings

if TYPE_CHECKING:
    from ichor.nets.building import Backbone

_MEMBERS = 4


class ArbabshiraniSettings(VolumeSettings):
    """The settings of `arbabshirani2018`."""

    size: int = Field(256, ge=64)
    depth: int = Field(24, ge=8, description="planes of the volume")


class Arbabshirani2018(VolumeEnsemble[ArbabshiraniSettings]):
    """Classifies scans by four 3-D networks."""

    name = "arbabshirani2018"
    settings_type = ArbabshiraniSettings

    def members(self) -> Mapping[str, Callable[[], Backbone]]:
        """The same network four times."""
        from ichor.nets.volume_classifier import Plain3D

        return {f"network-{k + 1}": lambda: Plain3D(1, 1, self.settings.width) for k in range(_MEMBERS)}

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "Four 3-D networks classify the scan as a whole, resampled to one volume (Arbabshirani et al. 2018). Each "
            "slice has the scan's probability. Probabilities are not calibrated."
        )
