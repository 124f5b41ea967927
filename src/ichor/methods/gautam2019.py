"""`gautam2019`: fuzzy c-means for white matter, then wavelet-based thresholding.

Gautam and Raman 2019, "Automatic segmentation of intracerebral hemorrhage from brain CT images", in Machine
Intelligence and Signal Analysis, Springer, 753-764, doi:10.1007/978-981-13-0923-6_64.

The pixels of the brain are clustered by fuzzy c-means, whose cluster of white matter is the reference, and the
hemorrhage is separated by a threshold in the wavelet domain.

Written from the review in Hssayeni et al. 2019 (section 2) and the title; the full text was not at hand. Chosen here:
four clusters on each scan, of which the second is white matter; two levels of the Haar wavelet on each slice, whose
details are soft-thresholded at the universal threshold (Donoho and Johnstone 1994, doi:10.1093/biomet/81.3.425), with
noise estimated on the finest diagonal details; and blood as what lies, after that, a number of standard deviations
above the center of white matter, with the deviation of the approximation, the coarse image, in the brain. That number
and the smallest volume of a hematoma are fitted by mean Dice on the training subjects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from ichor.errors import BadConfig
from ichor.imports import require_extra
from ichor.methods.classical.base import Classical, Settings
from ichor.methods.classical.choosing import best_mean, dice
from ichor.methods.classical.fuzzy import fuzzy_centres
from ichor.methods.classical.head import Head, Mask
from ichor.methods.classical.regions import Regions
from ichor.scan import Scan
from ichor.segmentation import Segmentation, Task

if TYPE_CHECKING:
    from ichor.dataset.case import Case

CLUSTERS, WHITE_MATTER = 4, 1
WAVELET, LEVELS = "haar", 2
TO_DEVIATION = 1.4826  # of the median absolute deviation, for values that are normally distributed


class GautamSettings(Settings):
    """The constants that `fit` tries."""

    deviations: tuple[float, ...] = Field((2.0, 2.5, 3.0, 3.5, 4.0, 5.0), description="above white matter")
    volumes_ml: tuple[float, ...] = Field((0.1, 0.5, 1.0, 2.0, 4.0), description="smallest volumes of a hematoma")


class Parameters(BaseModel):
    """What `fit` finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deviations: float
    volume_ml: float


class Gautam2019(Classical[GautamSettings, Parameters]):
    """Marks what lies far above white matter once wavelets have removed the noise."""

    name = "gautam2019"
    task = Task.SEGMENT
    settings_type = GautamSettings
    parameters_type = Parameters

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Choose deviations and volume with the best mean Dice over the training cases with hemorrhage."""
        tries = list(product(self.settings.deviations, self.settings.volumes_ml))
        scores: dict[tuple[float, float], list[float]] = {one: [] for one in tries}
        with_blood = (case for case in training if case.mask.any() and not case.excluded_from_overlap)
        for case, head in self.heads(with_blood):
            truth, above = head.from_scan(case.mask), deviations_above_white_matter(head)
            for deviations in self.settings.deviations:
                regions = _regions(head, above, deviations)
                for volume in self.settings.volumes_ml:
                    scores[deviations, volume].append(dice(regions.at_least(volume, head), truth))
        self.require_cases(scores[tries[0]])
        deviations, volume = best_mean(scores)
        self.parameters = Parameters(deviations=deviations, volume_ml=volume)

    def predict(self, scan: Scan) -> Segmentation:
        """Mark the hematomas; a slice's score is the share of its pixels that are marked."""
        fitted, head = self.fitted, Head.of(scan, self.settings.grid)
        regions = _regions(head, deviations_above_white_matter(head), fitted.deviations)
        return self.segmentation(head, regions.at_least(fitted.volume_ml, head))

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works and what was fitted."""
        fitted = Parameters(**parameters)
        return (
            "The brain's pixels are clustered by fuzzy c-means, and what lies, after wavelets have removed the noise, "
            f"{fitted.deviations:g} standard deviations or more above white matter is marked from "
            f"{fitted.volume_ml:g} mL on (Gautam and Raman 2019); both numbers gave the best mean Dice on the training "
            "subjects."
        )


def deviations_above_white_matter(head: Head) -> NDArray[np.float32]:
    """(n, rows, columns) how many standard deviations above white matter each pixel is; 0 outside the brain.

    Raises BadConfig without PyWavelets.
    """
    if not head.brain.any():
        return np.zeros(head.brain.shape, np.float32)
    soft = np.clip(head.hu, -20, 100)
    denoised, coarse = wavelet_denoised(soft, head.brain)
    centre = fuzzy_centres(denoised[head.brain], CLUSTERS)[WHITE_MATTER]
    values = coarse[head.brain]
    deviation = TO_DEVIATION * float(np.median(np.abs(values - np.median(values))))
    above = (denoised - np.float32(centre)) / np.float32(max(deviation, 1.0))
    return np.asarray(np.where(head.brain, above, 0), np.float32)


def wavelet_denoised(image: NDArray[np.float32], mask: Mask) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A stack (n, rows, columns) without noise, and its approximation: the image without any details.

    The noise is estimated within the mask. Raises BadConfig without PyWavelets.
    """
    require_extra("literature", "pywt", used_by="gautam2019", error=BadConfig)
    import pywt

    approximation, *details = pywt.wavedec2(image, WAVELET, level=LEVELS, axes=(1, 2))
    finest = np.abs(details[-1][2])
    known = mask[:, ::2, ::2][:, : finest.shape[1], : finest.shape[2]]
    noise = TO_DEVIATION * float(np.median(finest[known])) if known.any() else 0.0
    threshold = noise * np.sqrt(2 * np.log(image[0].size))
    kept = details
    if threshold > 0:
        kept = [tuple(pywt.threshold(one, threshold, "soft") for one in level) for level in details]
    none = [tuple(np.zeros_like(one) for one in level) for level in details]
    rows, columns = image.shape[1:]
    denoised, coarse = (
        np.asarray(pywt.waverec2([approximation, *levels], WAVELET, axes=(1, 2))[:, :rows, :columns], np.float32)
        for levels in (kept, none)
    )
    return denoised, coarse


def _regions(head: Head, above: NDArray[np.float32], deviations: float) -> Regions:
    return Regions.of(ndimage.binary_opening(head.brain & (above >= deviations), np.ones((1, 2, 2))))
