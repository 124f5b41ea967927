"""`chan2007`: candidates by top-hat and left-right asymmetry, called by a rule base on anatomical position.

Chan 2007, "Computer aided detection of small acute intracranial hemorrhage on computer tomography of brain",
Computerized Medical Imaging and Graphics 31:285-298, doi:10.1016/j.compmedimag.2007.02.010.

The brain is segmented and realigned; candidates are extracted by a top-hat transform, which finds what is bright and
small, and by left-right asymmetry; they are placed in a normalized coordinate system; and a rule base classifies them
by position and by image features as hemorrhage or as what mimics it.

Written from the abstract and from the review in Hssayeni et al. 2019 (section 2); the full text was not at hand.
Chosen here: the midsagittal column that skull and brain are symmetric about is the realignment, and coordinates are
shares of the brain's extent, from its middle backwards and from its lowest slice up (`classical.regions`); the rules
of `mimics`, for what the abstract's "normal variants" are on CT: falx and superior sagittal sinus at the midline,
tentorium, calcified plexus and pineal gland, partial volume of bone at the skull's inner table and base; and those of
`subtypes_of`. The two constants of the extraction, how far a candidate stands out from its surroundings or from the
other side and how dense it is, are fitted by the mean of sensitivity and specificity over the slices of the training
subjects.
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
TOP_HAT_MM = 16.0  # what is thinner than this in some direction stands out in the top-hat
ASYMMETRY_MM = 3.0  # both sides are smoothed by a Gaussian of this standard deviation before they are compared
SMALLEST_ML = 0.1
HIGHEST_HU = 95.0


class ChanSettings(Settings):
    """The constants that `fit` tries."""

    contrasts_hu: tuple[float, ...] = Field(
        (14.0, 18.0, 22.0, 26.0), description="of a candidate with its surroundings"
    )
    densities_hu: tuple[float, ...] = Field((48.0, 54.0, 60.0), description="lowest densities of a candidate")


class Parameters(BaseModel):
    """What `fit` finds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contrast_hu: float
    density_hu: float


class Chan2007(Classical[ChanSettings, Parameters]):
    """Extracts candidates that stand out, and classifies them by rules."""

    name = "chan2007"
    task = Task.SEGMENT | Task.DETECT
    settings_type = ChanSettings
    parameters_type = Parameters

    def fit(self, training: Sequence[Case], validation: Sequence[Case], workdir: Path) -> None:  # noqa: ARG002
        """Choose contrast and density with the highest balanced accuracy over the slices of the training cases."""
        tries = list(product(self.settings.contrasts_hu, self.settings.densities_hu))
        found: dict[tuple[float, float], list[NDArray[np.bool_]]] = {one: [] for one in tries}
        truth: list[NDArray[np.bool_]] = []
        for case, head in self.heads(training):
            truth.append(case.positive)
            smoothed, contrast = contrasts(head)
            for one in tries:
                parameters = Parameters(contrast_hu=one[0], density_hu=one[1])
                regions, measured = candidates(head, smoothed, contrast, parameters)
                found[one].append(np.asarray(regions.where(~mimics(measured)).any(axis=(1, 2))))
        self.require_cases([one for one in truth if one.any()])
        contrast_hu, density_hu = most_accurate(found, truth)
        self.parameters = Parameters(contrast_hu=contrast_hu, density_hu=density_hu)

    def predict(self, scan: Scan) -> Segmentation:
        """Mark the candidates that are no mimics; a slice's score is the share of its pixels that are marked."""
        fitted, head = self.fitted, Head.of(scan, self.settings.grid)
        regions, measured = candidates(head, *contrasts(head), fitted)
        real = ~mimics(measured)
        called = subtypes_of(measured)
        subtypes: FloatArray = np.stack(
            [regions.where(real & (called == number)).mean(axis=(1, 2)) for number in range(len(ORDER))], axis=1
        )
        return self.segmentation(head, regions.where(real), subtypes=subtypes)

    @classmethod
    def description(cls, settings: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:  # noqa: ARG003
        """For the model card: how it works and what was fitted."""
        fitted = Parameters(**parameters)
        return (
            f"Candidates of {fitted.density_hu:g} HU or more that stand out by {fitted.contrast_hu:g} HU from what "
            "surrounds them (top-hat) or from the other side are classified by rules on position and shape (Chan "
            "2007); both numbers gave the best accuracy on the training subjects."
        )


def contrasts(head: Head) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Smoothed HU, and how far each pixel stands out: the larger of its top-hat and its difference to the other side.

    Both (n, rows, columns), in HU.
    """
    sigma = 1 / head.pixel_mm
    inside = head.brain
    usual = np.float32(np.median(head.hu[inside])) if inside.any() else np.float32(0)
    soft = np.where(inside, np.clip(head.hu, 0, HIGHEST_HU), usual).astype(np.float32)
    smoothed = np.asarray(ndimage.gaussian_filter(soft, (0, sigma, sigma)), np.float32)
    width = head.pixels(TOP_HAT_MM)
    opened = ndimage.grey_opening(smoothed, (1, width, width))
    blurred = np.asarray(
        ndimage.gaussian_filter(soft, (0, ASYMMETRY_MM / head.pixel_mm, ASYMMETRY_MM / head.pixel_mm)), np.float32
    )
    other_side = head.mirrored(blurred)
    asymmetry = np.where(other_side > 0, smoothed - other_side, 0)
    return smoothed, np.asarray(np.maximum(smoothed - opened, asymmetry), np.float32)


def candidates(
    head: Head, smoothed: NDArray[np.float32], contrast: NDArray[np.float32], parameters: Parameters
) -> tuple[Regions, Measured]:
    """The candidates and their measures."""
    outstanding: Mask = head.brain & (smoothed >= parameters.density_hu) & (contrast >= parameters.contrast_hu)
    regions = Regions.of(ndimage.binary_opening(outstanding, np.ones((1, 2, 2))))
    regions = Regions.of(regions.at_least(SMALLEST_ML, head))
    return regions, regions.measure(head, smoothed)


def mimics(one: Measured) -> NDArray[np.bool_]:
    """(regions,) whether a candidate is no hemorrhage but a normal structure that looks like it."""
    falx = (one.off_midline_mm < 5) & (one.thickness_mm < 8)
    sinus = (one.off_midline_mm < 12) & (np.abs(one.behind) > 0.75) & (one.near_skull > 0.5)
    tentorium = (one.behind > 0.2) & (one.height < 0.45) & (one.thickness_mm < 6)
    calcified = (one.beside_dense > 0.15) & (one.near_skull < 0.5) & (one.volume_ml < 2)
    inner_table = (one.deepest_mm < 3.5) | ((one.near_skull > 0.9) & (one.thickness_mm < 3))
    skull_base = (one.height < 0.12) | (one.height > 0.97)
    return np.asarray(falx | sinus | tentorium | calcified | inner_table | skull_base)


def subtypes_of(one: Measured) -> NDArray[np.intp]:
    """(regions,) the index in `Subtype` of each candidate, by its position and shape."""
    against_skull = (one.near_skull >= 0.2) & (one.deepest_mm <= one.thickness_mm + 5)
    extra_axial = (one.near_skull >= 0.4) | against_skull
    lens = one.thickness_mm >= 10  # an epidural hematoma is short and thick, a subdural one long and thin
    ventricle = (one.off_midline_mm < 25) & (one.deepest_mm > 35) & (one.beside_fluid > 0.2)
    subarachnoid = (one.thickness_mm < 6) | (one.beside_fluid > 0.25)
    kinds = [
        (extra_axial & lens, Subtype.EDH),
        (extra_axial, Subtype.SDH),
        (ventricle, Subtype.IVH),
        (subarachnoid, Subtype.SAH),
    ]
    return np.asarray(np.select([k for k, _ in kinds], [ORDER.index(s) for _, s in kinds], ORDER.index(Subtype.IPH)))
