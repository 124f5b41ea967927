"""`bhadauria2014`: spatial fuzzy c-means, then a region-based active contour.

Bhadauria and Dewal 2014, "Intracranial hemorrhage detection using spatial fuzzy c-mean and region-based active
contour on brain CT imaging", Signal, Image and Video Processing 8:357-364, doi:10.1007/s11760-012-0298-0.

The pixels of the brain are clustered by spatial fuzzy c-means (Chuang et al. 2006). The membership in the brightest
cluster starts an active contour and sets the parameters that control it; the level set function needs no
re-initialization (all from the abstract).

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand.
Chosen here: three clusters (fluid, brain, blood); a contour that starts where the membership in the brightest is at
least one half; local region means within a square window, as in the authors' "An integrated method for hemorrhage
segmentation from brain CT imaging" (Computers and Electrical Engineering 39, 2013), whose abstract says that the
contour follows the intensities of local regions; their squared differences divided by the variance between the two
brightest centers, and a contour length weighted with the mean membership around the contour, as the parameters that
the clusters set.

The authors' 20 scans all have hemorrhage, so the brightest cluster is always called blood, and so it is with
`as_published`. Otherwise a region counts only if it is dense and large enough, by two constants fitted on the
training subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from ichor.methods.classical.base import Classical, Settings
from ichor.methods.classical.choosing import best_mean, dice
from ichor.methods.classical.fuzzy import Clusters, spatial_clusters
from ichor.methods.classical.head import Head, Mask
from ichor.methods.classical.level_set import curvature, evolve, step_function
from ichor.methods.classical.regions import Regions
from ichor.scan import Scan
from ichor.segmentation import Segmentation, Task

if TYPE_CHECKING:
    from ichor.dataset.case import Case

CLUSTERS = 3
WINDOW_MM = 12.0  # the side of the local regions
SPEED = 0.4  # of the contour where a pixel is exactly like one of the regions


class BhadauriaSettings(Settings):
    """Clusters, contour, and the constants that `fit` tries."""

    as_published: bool = Field(False, description="whether the brightest cluster is always called blood")
    steps: int = Field(15, ge=1, description="of the active contour")
    densities_hu: tuple[float, ...] = Field((54.0, 60.0, 66.0, 72.0), description="lowest mean densities of a region")
    volumes_ml: tuple[float, ...] = Field((0.1, 0.5, 1.0, 2.0, 4.0), description="smallest volumes of a region")


class Parameters(BaseModel):
    """What `fit` finds; 0 and 0 for the system as published."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    density_hu: float
    volume_ml: float


class Bhadauria2014(Classical[BhadauriaSettings, Parameters]):
    """Clusters the brain's pixels, and moves a contour from the brightest cluster to the border of the blood."""

    name = "bhadauria2014"
    task = Task.SEGMENT
    settings_type = BhadauriaSettings
    parameters_type = Parameters

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Choose density and volume with the best mean Dice, over the training cases with hemorrhage, of the clusters.

        The contour moves afterwards. As published, there is nothing to fit.
        """
        if self.settings.as_published:
            self.parameters = Parameters(density_hu=0, volume_ml=0)
            return
        tries = list(product(self.settings.densities_hu, self.settings.volumes_ml))
        scores: dict[tuple[float, float], list[float]] = {one: [] for one in tries}
        with_blood = (case for case in training if case.mask.any() and not case.excluded_from_overlap)
        for case, head in self.heads(with_blood):
            truth, clusters = head.from_scan(case.mask), self._clusters(head)
            for one in tries:
                scores[one].append(dice(_blood(head, clusters, Parameters(density_hu=one[0], volume_ml=one[1])), truth))
        self.require_cases(scores[tries[0]])
        density, volume = best_mean(scores)
        self.parameters = Parameters(density_hu=density, volume_ml=volume)

    def predict(self, scan: Scan) -> Segmentation:
        """Outline the blood; a slice's score is the share of its pixels that are marked."""
        fitted, head = self.fitted, Head.of(scan, self.settings.grid)
        if not head.brain.any():
            return self.segmentation(head, head.brain)
        clusters = self._clusters(head)
        return self.segmentation(head, self._outlined(head, clusters, _blood(head, clusters, fitted)))

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
        """For the model card: how it works and what was fitted."""
        how = (
            "The brain's pixels are clustered by spatial fuzzy c-means, and a region-based active contour starts from "
            "the brightest cluster (Bhadauria and Dewal 2014)."
        )
        if BhadauriaSettings(**settings).as_published:
            return f"{how} That cluster is always called blood."
        fitted = Parameters(**parameters)
        return (
            f"{how} Regions count from {fitted.density_hu:g} HU and {fitted.volume_ml:g} mL, which gave the best mean "
            "Dice on the training subjects."
        )

    @staticmethod
    def _clusters(head: Head) -> Clusters:
        return spatial_clusters(np.clip(head.hu, -20, 120), head.brain, CLUSTERS)

    def _outlined(self, head: Head, clusters: Clusters, blood: Mask) -> Mask:
        """The contour's inside after it has moved; only slices with blood are worked on."""
        found = np.zeros_like(blood)
        slices = np.flatnonzero(blood.any(axis=(1, 2)))
        if slices.size:
            force = local_region_force(
                np.clip(head.hu[slices], -20, 120),
                head.brain[slices],
                spread_hu=float(np.ptp(clusters.centres[-2:])) / 2,
                window=head.pixels(WINDOW_MM),
                length=float(clusters.membership[-1][blood].mean()),
            )
            found[slices] = evolve(step_function(blood[slices]), force, steps=self.settings.steps) < 0
        return np.asarray(found & head.brain)


def _blood(head: Head, clusters: Clusters, constants: Parameters) -> Mask:
    """Where the membership in the brightest cluster is at least one half, in regions dense and large enough."""
    bright = head.brain & (clusters.membership[-1] >= 0.5)
    if not constants.density_hu:
        return np.asarray(bright)
    regions = Regions.of(ndimage.binary_opening(bright, np.ones((1, 2, 2))))
    places = regions.labels > 0
    number = np.bincount(regions.labels[places], minlength=regions.count + 1)[1:]
    total = np.bincount(regions.labels[places], head.hu[places], regions.count + 1)[1:]
    dense = regions.where(total >= constants.density_hu * number)
    return np.asarray(dense & regions.at_least(constants.volume_ml, head))


def local_region_force(
    image: NDArray[np.float32], within: Mask, *, spread_hu: float, window: int, length: float
) -> Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]:
    """The force of a region-based contour: a pixel joins the side whose local mean its value is nearer to.

    The means of both sides are taken over a square `window` in pixels, of the pixels `within` a mask only (Lankton and
    Tannenbaum 2008, doi:10.1109/TIP.2008.2004611). `length` weighs the contour's curvature.
    """
    counted = within.astype(np.float32)
    values = image * counted
    around = (1, window, window)
    all_number, all_sum = (ndimage.uniform_filter(one, around, mode="constant") for one in (counted, values))

    def force(phi: NDArray[np.float32], at: NDArray[np.float32]) -> NDArray[np.float32]:
        inside = (phi < 0).astype(np.float32)
        number, total = (ndimage.uniform_filter(one * inside, around, mode="constant") for one in (counted, values))
        other_number, other_total = all_number - number, all_sum - total
        known = (number > 1e-4) & (other_number > 1e-4)
        mean = total / np.maximum(number, 1e-4)
        other = other_total / np.maximum(other_number, 1e-4)
        nearer = ((image - mean) ** 2 - (image - other) ** 2) / np.float32(max(spread_hu, 1.0) ** 2)
        pull = np.where(known, np.clip(nearer, -1, 1), 0)
        return np.asarray(at * (np.float32(SPEED) * pull + np.float32(0.2 * length) * curvature(phi)), np.float32)

    return force
