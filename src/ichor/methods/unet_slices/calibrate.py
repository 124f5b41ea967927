"""Calibration on cases that the network was not trained on: probabilities, false positives, outlines, thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ichor.methods.calibration import FEWEST, Calibration, Calibrations, fit_calibration
from ichor.methods.unet_slices.candidates import FEATURES, FalsePositiveClassifier
from ichor.methods.unet_slices.evidence import PROBABILITY_OF_BINS, Evidence
from ichor.methods.unet_slices.operating_points import Ranked, operating_points
from ichor.methods.unet_slices.settings import Parameters
from ichor.scan import FloatArray

# Inverse of the penalty on the weights of standardized properties: there are as few as ten true lesions.
_C = 0.3
_GROUPS = 8  # of subjects; the lesions of each are classified by a classifier fitted on the others


def calibrated(evidence: Sequence[Evidence], head_mm: float) -> Parameters:
    """All that is calibrated, by the evidence of networks that were not trained on these cases.

    The false-positive classifier is fitted on all of them. Voxels are calibrated, and the logit offset of outlines and
    the thresholds are chosen, on lesions classified by a classifier that did not see their subject. Lesions and voxels
    of excluded cases are left out; their slices are not. `head_mm` is the median length of the training heads, which
    is kept with the rest.
    """
    classifier = fit_false_positive_classifier(evidence)
    voxels = [
        of[one.region_candidate, None] * PROBABILITY_OF_BINS
        for one, of in zip(evidence, _classified_unseen(evidence, classifier), strict=True)
    ]
    calibration = _calibration(evidence, voxels)
    logit_offset, points = operating_points(
        [Ranked.of(one, calibration.voxel.of(of)) for one, of in zip(evidence, voxels, strict=True) if not one.excluded]
    )
    return Parameters(
        threshold=points["balanced"],
        operating_point="balanced",
        operating_points=points,
        logit_offset=logit_offset,
        calibration=calibration,
        false_positive_classifier=classifier,
        head_mm=head_mm,
    )


def fit_false_positive_classifier(evidence: Sequence[Evidence]) -> FalsePositiveClassifier | None:
    """A classifier fitted on the candidate lesions of these cases; None where too few are true, or false."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    of = [one for one in evidence if not one.excluded]
    features = np.concatenate([np.empty((0, len(FEATURES))), *(one.features for one in of)])
    true = np.concatenate([np.empty(0, bool), *(one.true for one in of)])
    if min(true.sum(), (~true).sum()) < FEWEST:
        return None
    scaler = StandardScaler().fit(features)
    fitted = LogisticRegression(C=_C).fit(scaler.transform(features), true)
    weights = fitted.coef_[0] / scaler.scale_
    return FalsePositiveClassifier(
        intercept=float(fitted.intercept_[0] - weights @ scaler.mean_),
        weights=dict(zip(FEATURES, weights.tolist(), strict=True)),
        elsewhere=float(true.mean()),
    )


def _classified_unseen(evidence: Sequence[Evidence], classifier: FalsePositiveClassifier | None) -> list[FloatArray]:
    """Of each case, (1 + m,) probabilities of what is in no candidate and of its candidates, fitted without it."""
    if classifier is None:
        return [np.ones(1 + len(one.features)) for one in evidence]
    # Where the others have too few lesions for a classifier of their own, that of all cases stands in.
    others = [
        fit_false_positive_classifier([one for i, one in enumerate(evidence) if i % _GROUPS != k]) or classifier
        for k in range(_GROUPS)
    ]
    return [
        np.r_[others[i % _GROUPS].elsewhere, others[i % _GROUPS].of(one.features)] for i, one in enumerate(evidence)
    ]


def _calibration(evidence: Sequence[Evidence], voxels: Sequence[FloatArray]) -> Calibrations:
    positive = [one.positive for one in evidence]
    of_slice = fit_calibration(np.concatenate(positive), np.concatenate([one.slice_probability for one in evidence]))
    of_subtypes = [(one.labels, one.subtype_probability) for one in evidence if one.subtype_probability is not None]
    return Calibrations(
        voxel=_voxel_calibration(evidence, voxels),
        slice=of_slice,
        subtype=fit_calibration(
            *(np.concatenate([of.ravel() for of in column]) for column in zip(*of_subtypes, strict=True))
        )
        if of_subtypes
        else Calibration(),
        scan=fit_calibration(
            [one.any() for one in positive], [of_slice.of(one.slice_probability).max() for one in evidence]
        ),
    )


def _voxel_calibration(evidence: Sequence[Evidence], voxels: Sequence[FloatArray]) -> Calibration:
    truth, probabilities, weights = [], [], []
    for one, probability in zip(evidence, voxels, strict=True):
        # Without what the network all but rules out: it would outnumber everything.
        counts, of_bins = one.voxels[..., 1:-1], np.stack([probability[:, 1:-1]] * 2, axis=1)
        row, is_blood, k = np.nonzero(counts if not one.excluded else counts[:0])
        truth.append(is_blood)
        probabilities.append(of_bins[row, is_blood, k])
        weights.append(counts[row, is_blood, k])
    return fit_calibration(np.concatenate(truth), np.concatenate(probabilities), np.concatenate(weights))
