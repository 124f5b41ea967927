"""`prakash2012`: a distance-regularized level set that grows from thresholded seeds.

Prakash, Zhou, Morgan, Hanley and Nowinski 2012, "Segmentation and quantification of intra-ventricular/cerebral
hemorrhage in CT scans by modified distance regularized level set evolution technique", International Journal of
Computer Assisted Radiology and Surgery 7:785-798, doi:10.1007/s11548-012-0670-0. It rests on Li et al. 2010
(`classical.level_set`).

Slices are filtered, the skull is removed, and a threshold gives the seeds of a level set that evolves by DRLSE with
two changes of the authors', to the term that stops at edges and to the one that sets the contour's speed.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand.
Chosen here is the form of the two changes: the edge indicator measures gradients in units of the contrast between
blood and brain, so that noise and the texture of brain stop nothing; and the speed depends on the density at each
pixel, growing where it is that of blood and shrinking where it is that of brain, so that seeds may lie inside of the
blood or beyond it. The threshold of the seeds and the smallest volume of a hematoma are fitted by mean Dice on the
training subjects.
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

from ichor.methods.classical.base import Classical, Settings
from ichor.methods.classical.choosing import best_mean, dice
from ichor.methods.classical.head import Head, Mask
from ichor.methods.classical.level_set import edge_force, edge_indicator, evolve, step_function
from ichor.methods.classical.regions import Regions
from ichor.scan import Scan
from ichor.segmentation import Segmentation, Task

if TYPE_CHECKING:
    from ichor.dataset.case import Case

SMOOTHING_MM = 1.2  # standard deviation of the Gaussian before gradients are taken
CONTRAST_HU = 8.0  # gradient, in HU a pixel of 0.8 mm, at which the contour's speed is halved
BELOW_SEED_HU = 8.0  # where the contour neither grows nor shrinks, below the threshold of the seeds
SPREAD_HU = 5.0  # how far from there it reaches its full speed
LENGTH, SPEED = 2.0, 1.5  # lambda and |alpha| of Li et al.


class PrakashSettings(Settings):
    """The level set, and the constants that `fit` tries."""

    steps: int = Field(20, ge=1, description="of the level set")
    seeds_hu: tuple[float, ...] = Field((52.0, 56.0, 60.0), description="thresholds of the seeds")
    volumes_ml: tuple[float, ...] = Field((0.1, 0.5, 1.0, 2.0, 4.0), description="smallest volumes of a hematoma")


class Parameters(BaseModel):
    """What `fit` finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed_hu: float
    volume_ml: float


class Prakash2012(Classical[PrakashSettings, Parameters]):
    """Grows a level set from dense seeds."""

    name = "prakash2012"
    task = Task.SEGMENT
    settings_type = PrakashSettings
    parameters_type = Parameters

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Choose seeds and volume with the best mean Dice over the training cases with hemorrhage."""
        tries = list(product(self.settings.seeds_hu, self.settings.volumes_ml))
        scores: dict[tuple[float, float], list[float]] = {one: [] for one in tries}
        with_blood = (case for case in training if case.mask.any() and not case.excluded_from_overlap)
        for case, head in self.heads(with_blood):
            truth = head.from_scan(case.mask)
            for seed in self.settings.seeds_hu:
                regions = Regions.of(self._evolved(head, seed))
                for volume in self.settings.volumes_ml:
                    scores[seed, volume].append(dice(regions.at_least(volume, head), truth))
        self.require_cases(scores[tries[0]])
        seed, volume = best_mean(scores)
        self.parameters = Parameters(seed_hu=seed, volume_ml=volume)

    def predict(self, scan: Scan) -> Segmentation:
        """Outline the hematomas; a slice's score is the share of its pixels that are marked."""
        fitted, head = self.fitted, Head.of(scan, self.settings.grid)
        regions = Regions.of(self._evolved(head, fitted.seed_hu))
        return self.segmentation(head, regions.at_least(fitted.volume_ml, head))

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works and what was fitted."""
        fitted = Parameters(**parameters)
        return (
            f"A level set (DRLSE) grows from voxels of {fitted.seed_hu:g} HU or more inside the skull, and regions of "
            f"at least {fitted.volume_ml:g} mL are marked (Prakash et al. 2012); both numbers gave the best mean Dice "
            "on the training subjects."
        )

    def _evolved(self, head: Head, seed_hu: float) -> Mask:
        """What the level set encloses; only slices with seeds are worked on."""
        smoothed = denoised(head)
        seeds = ndimage.binary_opening(head.brain & (smoothed >= seed_hu), np.ones((1, 2, 2)))
        found = np.zeros_like(seeds)
        slices = np.flatnonzero(seeds.any(axis=(1, 2)))
        if slices.size:
            g = edge_indicator(smoothed[slices], SMOOTHING_MM / head.pixel_mm, CONTRAST_HU)
            level = seed_hu - BELOW_SEED_HU
            area = np.float32(SPEED) * np.tanh((level - smoothed[slices]) / np.float32(SPREAD_HU))
            force = edge_force(g, length=LENGTH, area=np.where(head.brain[slices], area, np.float32(SPEED)))
            found[slices] = evolve(step_function(seeds[slices]), force, steps=self.settings.steps) < 0
        return np.asarray(found & head.brain)


def denoised(head: Head) -> NDArray[np.float32]:
    """HU after a 3x3 median filter on each slice, limited to soft tissue."""
    return np.asarray(ndimage.median_filter(np.clip(head.hu, -20, 100), (1, 3, 3)), np.float32)
