"""The false-positive classifier: whole candidate lesions, classified by their size and surroundings.

A network marks pixel by pixel, and most of what it marks wrongly are whole lesions: a falx, a sinus, a beam-hardened
stretch along the skull (the paper's section 7). A candidate lesion is one connected region in three dimensions
where the network's probability reaches `CANDIDATE`; a logistic regression on a few of its properties gives the
probability that it is hemorrhage, and a voxel is hemorrhage if its lesion is: the two probabilities are multiplied.
Lung nodule detection reduces false positives in the same way (Setio et al. 2016, doi:10.1109/TMI.2016.2536809).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy import ndimage

from ichor.methods.calibration import expit, logit
from ichor.scan import FloatArray
from ichor.train.settings import Strict

# The network is sure of most voxels one way or the other: other levels give nearly the same candidates.
CANDIDATE = 0.5
FEATURES = (
    "log_ml",  # logarithm of its volume in mL
    "surest_logit",  # mean logit of its 20 surest voxels
    "contrast",  # its mean less that of the soft tissue 1 to 6 pixels around it, HU/10
    "slice_logit",  # the highest of its slices'
)
_SUREST = 20
_AROUND_PX = (1, 6)
_WITHIN_SLICE = ndimage.generate_binary_structure(2, 1)[None]
_TISSUE_HU = (-10, 100)
_OF_BLOOD_HU = (-100, 200)  # what is above is bone or metal, and would outweigh the rest
_BRAIN_HU = 35.0  # stands for the surroundings of a lesion without soft tissue around it


class FalsePositiveClassifier(Strict):
    """Logistic regression on the properties of a candidate lesion, `FEATURES`."""

    intercept: float
    weights: dict[str, float] = Field(description="by property")
    elsewhere: float = Field(gt=0, le=1, description="probability that voxels below the candidates' level are given")

    @model_validator(mode="after")
    def _weighs_what_is_known(self) -> FalsePositiveClassifier:
        if set(self.weights) != set(FEATURES):
            raise ValueError(f"expected weights of {', '.join(FEATURES)}, found {', '.join(self.weights)}")
        return self

    def of(self, features: FloatArray) -> FloatArray:
        """(m,) probability that candidates are hemorrhage, of their properties (m, F)."""
        return expit(features @ np.array([self.weights[name] for name in FEATURES]) + self.intercept)


@dataclass(frozen=True, eq=False)
class Candidates:
    """The m candidate lesions of a scan in the network's field.

    `labels` is (n, size, size), 0 where there is none, else the candidate's number from 1; `features` (m, F) their
    properties in the order of `FEATURES`.
    """

    labels: NDArray[np.int32]
    features: FloatArray

    def weigh(self, probability: NDArray[np.float32], classifier: FalsePositiveClassifier) -> None:
        """Multiply the voxels' `probability` (n, size, size), in place, by that of what they belong to."""
        of = np.r_[classifier.elsewhere, classifier.of(self.features)].astype(np.float32)
        probability *= of[self.labels]


def find_candidates(
    probability: NDArray[np.float32],
    hu: NDArray[np.float32],
    slice_probability: FloatArray,
    heights_mm: FloatArray,
    pixel_mm: float,
) -> Candidates:
    """Candidate lesions of the network's `probability` (n, size, size) on slices of `hu`, their pixels `pixel_mm`.

    `slice_probability` (n,) is that a slice shows hemorrhage, `heights_mm` (n,) what a slice stands for.
    """
    labels, count = ndimage.label(probability >= CANDIDATE, structure=np.ones((3, 3, 3)), output=np.int32)
    features = np.empty((count, len(FEATURES)))
    of_slices = logit(slice_probability)
    reach = _AROUND_PX[1] + 1
    for i, box in enumerate(ndimage.find_objects(labels)):
        around = (box[0], *(slice(max(0, axis.start - reach), axis.stop + reach) for axis in box[1:]))
        own = labels[around] == i + 1
        near, far = (ndimage.binary_dilation(own, _WITHIN_SLICE, by) for by in _AROUND_PX)
        ring = far & ~near & (labels[around] == 0)
        there = hu[around]
        tissue = there[ring & (there > _TISSUE_HU[0]) & (there < _TISSUE_HU[1])]
        level = np.clip(there[own], *_OF_BLOOD_HU).mean()
        features[i] = (
            np.log(np.sum(own.sum(axis=(1, 2)) * heights_mm[box[0]]) * pixel_mm**2 / 1000),
            np.sort(logit(probability[around][own]))[-_SUREST:].mean(),
            (level - (tissue.mean() if len(tissue) else _BRAIN_HU)) / 10,
            of_slices[box[0]][own.any(axis=(1, 2))].max(),
        )
    return Candidates(labels, features)
