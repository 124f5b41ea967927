"""The false-positive classifier: classifies whole candidate lesions by their size and surroundings.

A network marks pixel by pixel, but most false positives are whole regions: a falx, a sinus, beam hardening along the
skull (the paper's section 7). A candidate lesion is one connected region in 3-D where the network's probability
reaches `CANDIDATE`; a logistic regression on a few of its features gives the probability that it is hemorrhage, by
which the probabilities of its voxels are multiplied. False positives in lung nodule detection are reduced in the same
way (Setio et al. 2016, doi:10.1109/TMI.2016.2536809).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy import ndimage

from ichor.methods.calibration import expit, logit
from ichor.scan import FloatArray
from ichor.train.settings import Strict

# Most voxels have a probability near 0 or 1, so that other levels give nearly the same candidates.
CANDIDATE = 0.5
FEATURES = (
    "log_ml",  # logarithm of its volume in mL
    "surest_logit",  # mean logit of its 20 most probable voxels
    "contrast",  # its mean HU minus that of the soft tissue 1 to 6 pixels around it, HU/10
    "slice_logit",  # the highest slice logit among its slices
)
_SUREST = 20
_AROUND_PX = (1, 6)
_WITHIN_SLICE = ndimage.generate_binary_structure(2, 1)[None]
_TISSUE_HU = (-10, 100)
_OF_BLOOD_HU = (-100, 200)  # brighter voxels are bone or metal and would dominate the mean
_BRAIN_HU = 35.0  # assumed where there is no soft tissue around a lesion


class FalsePositiveClassifier(Strict):
    """Logistic regression on the features of a candidate lesion, `FEATURES`."""

    intercept: float
    weights: dict[str, float] = Field(description="by feature")
    elsewhere: float = Field(gt=0, le=1, description="probability for voxels outside all candidates")

    @model_validator(mode="after")
    def _has_a_weight_for_each_feature(self) -> FalsePositiveClassifier:
        if set(self.weights) != set(FEATURES):
            raise ValueError(f"expected weights of {', '.join(FEATURES)}, found {', '.join(self.weights)}")
        return self

    def predict(self, features: FloatArray, patches: NDArray[np.float16] | None = None) -> FloatArray:  # noqa: ARG002
        """(m,) probability that candidates with these features (m, F) are hemorrhage."""
        return expit(features @ np.array([self.weights[name] for name in FEATURES]) + self.intercept)


class LesionClassifier(Protocol):
    """Classifies candidate lesions."""

    @property
    def elsewhere(self) -> float:
        """The probability for voxels outside all candidates."""
        ...

    def predict(self, features: FloatArray, patches: NDArray[np.float16] | None = None) -> FloatArray:
        """(m,) probability that candidates with these features (m, F), and patches if any, are hemorrhage."""
        ...


@dataclass(frozen=True, eq=False)
class Candidates:
    """The m candidate lesions of a scan in the network's field.

    `labels` is (n, size, size), 0 outside candidates, else the candidate's number from 1; `features` (m, F) are in
    the order of `FEATURES`. `patches` (m, ...) show each with its surroundings; None if they are not asked for.
    """

    labels: NDArray[np.int32]
    features: FloatArray
    patches: NDArray[np.float16] | None = None

    def apply_classifier(self, probability: NDArray[np.float32], classifier: LesionClassifier) -> None:
        """Multiply `probability` (n, size, size), in place, by the probability of each voxel's candidate."""
        weights = np.r_[classifier.elsewhere, classifier.predict(self.features, self.patches)].astype(np.float32)
        probability *= weights[self.labels]


def find_candidates(
    probability: NDArray[np.float32],
    hu: NDArray[np.float32],
    slice_probability: FloatArray,
    heights_mm: FloatArray,
    pixel_mm: float,
) -> Candidates:
    """Find candidate lesions in the network's `probability` (n, size, size) for slices `hu` with `pixel_mm` pixels.

    `slice_probability` (n,) is the probability that a slice shows hemorrhage, `heights_mm` (n,) the extent of each
    slice along the head.
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
        nearby = hu[around]
        tissue = nearby[ring & (nearby > _TISSUE_HU[0]) & (nearby < _TISSUE_HU[1])]
        level = np.clip(nearby[own], *_OF_BLOOD_HU).mean()
        features[i] = (
            np.log(np.sum(own.sum(axis=(1, 2)) * heights_mm[box[0]]) * pixel_mm**2 / 1000),
            np.sort(logit(probability[around][own]))[-_SUREST:].mean(),
            (level - (tissue.mean() if len(tissue) else _BRAIN_HU)) / 10,
            of_slices[box[0]][own.any(axis=(1, 2))].max(),
        )
    return Candidates(labels, features)
