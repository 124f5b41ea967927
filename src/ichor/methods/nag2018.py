"""`nag2018`: an autoencoder picks slices, and the Chan-Vese model outlines hemorrhage on them.

Nag, Chatterjee, Sadhu, Chatterjee and Ghosh 2019 (online 2018), "Computer-assisted delineation of hematoma from CT
volume using autoencoder and Chan Vese model", International Journal of Computer Assisted Radiology and Surgery
14:259-269, doi:10.1007/s11548-018-1873-9.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand. Chosen
here: the autoencoder (`ichor.nets.autoencoder`) learns to restore slices in the brain window and, from the same code,
to tell those with hemorrhage; the Chan-Vese model (Chan and Vese 2001) is scikit-image's morphological one and starts
from pixels inside the skull that are denser than the brain around them by `contrast_hu`, which with its smoothness is
fixed; and a voxel within an outline has the probability of its slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

from ichor.anatomy.skull import bone_of, enclosed, inside
from ichor.methods.deep.base import Deep
from ichor.methods.deep.settings import DeepSettings
from ichor.methods.deep.views import Outputs, Slices
from ichor.segmentation import Task
from ichor.train.settings import TrainingSettings
from ichor.windows import BRAIN

if TYPE_CHECKING:
    from torch import nn

    from ichor.methods.deep.fit import Part

_GAP_MM, _SMOOTHING_MM, _RIM_MM = 3.0, 1.0, 2.0
_BLOOD_HU = (40.0, 100.0)


class NagSettings(DeepSettings):
    """The settings of `nag2018`."""

    size: int = Field(512, gt=0, multiple_of=16)
    contrast_hu: float = Field(15.0, gt=0, description="of the pixels that the outline starts from")
    iterations: int = Field(40, ge=1, description="of the Chan-Vese model")
    smoothing: int = Field(1, ge=0, description="of the Chan-Vese model, in each iteration")
    smallest_mm2: float = Field(20.0, ge=0, description="smaller outlines are dropped")
    training: TrainingSettings = TrainingSettings(epochs=100, learning_rate=1e-3, schedule="cosine", slice_loss=1.0)


class Nag2018(Deep[NagSettings]):
    """Picks slices by an autoencoder and outlines by the Chan-Vese model."""

    name = "nag2018"
    task = Task.SEGMENT | Task.DETECT
    settings_type = NagSettings
    output = "slice_probability"
    view = Slices()

    def parts(self) -> Sequence[Part]:
        """The autoencoder."""
        from ichor.methods.deep.fit import Part
        from ichor.nets.autoencoder import SliceAutoencoder
        from ichor.train.losses import restoration_loss

        settings = self.settings

        def build(_: Sequence[nn.Module]) -> nn.Module:
            return SliceAutoencoder(BRAIN, settings.width)

        how: dict[str, Any] = {"loss_of": restoration_loss}
        return [Part("autoencoder", build, self.view, settings.training, settings.negatives, **how)]

    def refine(self, hu: NDArray[np.float32], outputs: Outputs) -> Outputs:
        """Outlines on all slices; `fit` chooses from which probability of a slice on they are marked."""
        outlines = np.stack([self._outline(one) for one in hu])
        return {**outputs, "probability": outlines * outputs["slice_probability"][:, None, None].astype(np.float32)}

    def _outline(self, hu: NDArray[np.float32]) -> NDArray[np.float32]:
        """(rows, columns) 1 within the outline on a slice, 0 elsewhere."""
        from skimage.segmentation import morphological_chan_vese

        settings = self.settings
        brain = intracranial(hu, settings.pixel_mm)
        smooth = ndimage.gaussian_filter(np.clip(hu, *(0.0, _BLOOD_HU[1])), _SMOOTHING_MM / settings.pixel_mm)
        nothing = np.zeros(hu.shape, np.float32)
        if not brain.any():
            return nothing
        usual = float(np.median(smooth[brain]))
        start = brain & (smooth >= max(usual + settings.contrast_hu, _BLOOD_HU[0]))
        if not start.any():
            return nothing
        image = np.where(brain, smooth, usual).astype(np.float64)
        found = morphological_chan_vese(  # type: ignore[no-untyped-call]
            image, settings.iterations, init_level_set=start.astype(np.int8), smoothing=settings.smoothing
        ).astype(bool)
        found &= brain & (smooth >= max(usual + settings.contrast_hu / 2, _BLOOD_HU[0]))
        labels, _ = ndimage.label(found)
        large = np.bincount(labels.ravel()) * settings.pixel_mm**2 >= settings.smallest_mm2
        large[0] = False
        return np.asarray(large[labels], np.float32)

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works."""
        return (
            "An autoencoder picks slices with hemorrhage, and the Chan-Vese model outlines it from dense pixels (Nag "
            "et al. 2018). A voxel within an outline is as probable as its slice. Probabilities are not calibrated."
        )


def intracranial(hu: NDArray[np.float32], pixel_mm: float) -> NDArray[np.bool_]:
    """(rows, columns) the space inside the skull on a slice, without its outermost 2 mm, where bone blurs."""
    bone = bone_of(hu)
    space = enclosed(bone, max(1, round(_GAP_MM / pixel_mm)))
    if not space.any():
        space = inside(bone[None])[0]
    rim = max(1, round(_RIM_MM / pixel_mm))
    return np.asarray(space & ~ndimage.binary_dilation(bone, iterations=rim))
