"""`yuh2008`: bright clusters inside the skull, called by rules on location, shape and volume.

Yuh, Gean, Manley, Callen and Wintermark 2008, "Computer-aided assessment of head computed tomography (CT) studies in
patients with suspected traumatic brain injury", Journal of Neurotrauma 25:1163-1172, doi:10.1089/neu.2008.0590.

Skull and brain are separated by thresholds, voxels in the range of blood are clustered, and each cluster is called a
subdural or epidural hematoma (one finding: the paper does not tell them apart), subarachnoid hemorrhage or an
intraparenchymal hematoma, or is dropped, by its location relative to the skull, its shape and its volume. "Thresholds
and parameters yielding optimal accuracy" were set on a retrospective sample (abstract); here on the training subjects
of each fold. The paper's midline shift and cisterns are measured elsewhere in Ichor.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand.
Chosen here are therefore the measures of a cluster (`classical.regions`), the constants of `finding_of`, which are
round numbers of anatomy and not fitted, and what accuracy is: the mean of sensitivity and specificity over slices,
since hemorrhage is rare among them. The two constants that matter most, the density of blood and the smallest volume,
are fitted. Intraventricular hemorrhage is no finding of the paper's: its probability is 0.
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
from ichor.methods.classical.choosing import most_accurate
from ichor.methods.classical.head import Head, Mask
from ichor.methods.classical.regions import Measured, Regions
from ichor.scan import FloatArray, Scan
from ichor.segmentation import Segmentation, Task
from ichor.subtypes import Subtype

if TYPE_CHECKING:
    from ichor.dataset.case import Case

ORDER = list(Subtype)
EXTRA_AXIAL = (Subtype.SDH, Subtype.EDH)
FINDINGS = (EXTRA_AXIAL, (Subtype.SAH,), (Subtype.IPH,))


class YuhSettings(Settings):
    """The constants that `fit` tries."""

    smoothing_mm: float = Field(1.0, ge=0, description="standard deviation of the Gaussian filter on a slice")
    densities_hu: tuple[float, ...] = Field((54.0, 58.0, 62.0, 66.0), description="lowest densities of blood")
    volumes_ml: tuple[float, ...] = Field((0.1, 0.2, 0.5, 1.0, 2.0, 4.0), description="smallest volumes of a cluster")


class Parameters(BaseModel):
    """What `fit` finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    density_hu: float
    volume_ml: float


class Yuh2008(Classical[YuhSettings, Parameters]):
    """Clusters bright voxels and calls each cluster by rules."""

    name = "yuh2008"
    task = Task.SEGMENT | Task.DETECT
    settings_type = YuhSettings
    parameters_type = Parameters

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Choose density and volume with the highest balanced accuracy over the slices of the training cases."""
        tries = list(product(self.settings.densities_hu, self.settings.volumes_ml))
        found: dict[tuple[float, float], list[NDArray[np.bool_]]] = {one: [] for one in tries}
        truth: list[NDArray[np.bool_]] = []
        for case, head in self.heads(training):
            truth.append(case.positive)
            smoothed = self._smoothed(head)
            for density in self.settings.densities_hu:
                regions, measured, findings = self._clusters(head, smoothed, density)
                for volume in self.settings.volumes_ml:
                    kept = (findings >= 0) & (measured.volume_ml >= volume)
                    found[density, volume].append(np.asarray(regions.where(kept).any(axis=(1, 2))))
        self.require_cases([one for one in truth if one.any()])
        density, volume = most_accurate(found, truth)
        self.parameters = Parameters(density_hu=density, volume_ml=volume)

    def predict(self, scan: Scan) -> Segmentation:
        """Mark the clusters that are called; a slice's score is the share of its pixels that are marked."""
        fitted, head = self.fitted, Head.of(scan, self.settings.grid)
        regions, measured, findings = self._clusters(head, self._smoothed(head), fitted.density_hu)
        kept = (findings >= 0) & (measured.volume_ml >= fitted.volume_ml)
        subtypes = np.zeros((scan.n_slices, len(ORDER)))
        for number, finding in enumerate(FINDINGS):
            share = regions.where(kept & (findings == number)).mean(axis=(1, 2))
            for subtype in finding:
                subtypes[:, ORDER.index(subtype)] = share
        return self.segmentation(head, regions.where(kept), subtypes=subtypes)

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works and what was fitted."""
        fitted = Parameters(**parameters)
        return (
            f"Clusters of voxels of {fitted.density_hu:g} HU or more and at least {fitted.volume_ml:g} mL inside the "
            "skull are called by rules on location and shape (Yuh et al. 2008); both numbers gave the best accuracy on "
            "the training subjects."
        )

    def _smoothed(self, head: Head) -> NDArray[np.float32]:
        sigma = self.settings.smoothing_mm / head.pixel_mm
        return np.asarray(ndimage.gaussian_filter(np.clip(head.hu, -20, 120), (0, sigma, sigma)), np.float32)

    @staticmethod
    def _clusters(
        head: Head, smoothed: NDArray[np.float32], density_hu: float
    ) -> tuple[Regions, Measured, NDArray[np.intp]]:
        """Clusters of dense voxels, their measures, and the index in `FINDINGS` of each, -1 if it is dropped."""
        dense: Mask = head.brain & (smoothed >= density_hu)
        regions = Regions.of(ndimage.binary_opening(dense, np.ones((1, 2, 2))))
        measured = regions.measure(head, smoothed)
        return regions, measured, finding_of(measured)


def finding_of(measured: Measured) -> NDArray[np.intp]:
    """(regions,) the index in `FINDINGS` of each cluster; -1 if it is no hemorrhage."""
    at_skull = measured.near_skull >= 0.4
    falx = (measured.off_midline_mm < 5) & (measured.thickness_mm < 8)
    partial_volume = (measured.deepest_mm < 3) | (measured.thickness_mm < 2.5)
    calcified = (measured.beside_dense > 0.15) & ~at_skull & (measured.volume_ml < 2)
    symmetric = measured.brighter_hu < 8
    dropped = falx | partial_volume | calcified | symmetric
    subarachnoid = (measured.thickness_mm < 6) | (measured.beside_fluid > 0.25)
    finding: FloatArray = np.where(at_skull, 0, np.where(subarachnoid, 1, 2))
    return np.asarray(np.where(dropped, -1, finding), np.intp)
