"""Calibrates probabilities, false-positive classifier, outlines and thresholds on cases not trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ichor.methods.calibration import FEWEST, Calibration, Calibrations, fit_calibration
from ichor.methods.unet_slices.candidates import FEATURES, FalsePositiveClassifier, LesionClassifier
from ichor.methods.unet_slices.evidence import PROBABILITY_OF_BINS, Evidence
from ichor.methods.unet_slices.operating_points import (
    BALANCED_SPECIFICITY,
    SINGLE_SLICE_SPECIFICITY,
    RankedCase,
    operating_points,
)
from ichor.methods.unet_slices.patches import PatchClassifier
from ichor.methods.unet_slices.settings import Parameters
from ichor.scan import FloatArray

FitClassifier = Callable[[Sequence[Evidence]], LesionClassifier | None]

# Inverse regularization strength for the weights of standardized features: there may be only ten true lesions.
_C = 0.3
_GROUPS = 8  # of subjects; each group's lesions are classified by a classifier fitted on the other groups


def calibrated(evidence: Sequence[Evidence], head_mm: float) -> Parameters:
    """All calibrated parameters, with the classifier of `fit_false_positive_classifier`; see `calibrated_with`."""
    return calibrated_with(evidence, head_mm, fit_false_positive_classifier)[0]


def calibrated_with(
    evidence: Sequence[Evidence], head_mm: float, fit: FitClassifier
) -> tuple[Parameters, LesionClassifier | None]:
    """All calibrated parameters, from the output of networks that were not trained on these cases; and the classifier.

    Scans of a single slice get parameters of their own if the evidence has slices alone. They share the classifier if
    it is a network, which is part of the package.

    The false-positive classifier is fitted on all cases. To calibrate voxels and to choose the logit offset and the
    thresholds, each lesion is classified by a classifier that was not fitted on its subject. Lesions and voxels of
    excluded cases are left out; their slices are not. `head_mm`, the median length of the training heads, is passed
    through.
    """
    classifier = fit(evidence)
    parameters = _calibrated(evidence, evidence, head_mm, fit, classifier, BALANCED_SPECIFICITY)
    alone = [of_slice for one in evidence for of_slice in one.alone]
    if alone:
        fitted_on = evidence if isinstance(classifier, PatchClassifier) else alone
        own = classifier if fitted_on is evidence else fit(alone)
        single = _calibrated(alone, fitted_on, head_mm, fit, own, SINGLE_SLICE_SPECIFICITY)
        parameters = parameters.model_copy(update={"single_slice": single})
    return parameters, classifier


def _calibrated(
    evidence: Sequence[Evidence],
    fitted_on: Sequence[Evidence],
    head_mm: float,
    fit: FitClassifier,
    classifier: LesionClassifier | None,
    balanced_specificity: float,
) -> Parameters:
    """The parameters by this evidence; `classifier` was fitted on `fitted_on`, of the same subjects."""
    voxels = [
        weights[one.region_candidate, None] * PROBABILITY_OF_BINS
        for one, weights in zip(evidence, _out_of_sample_weights(evidence, fitted_on, fit, classifier), strict=True)
    ]
    calibration = _calibration(evidence, voxels)
    logit_offset, points = operating_points(
        [
            RankedCase.of(one, calibration.voxel.apply(of))
            for one, of in zip(evidence, voxels, strict=True)
            if not one.excluded
        ],
        balanced_specificity,
    )
    return Parameters(
        threshold=points["balanced"],
        operating_point="balanced",
        operating_points=points,
        logit_offset=logit_offset,
        calibration=calibration,
        false_positive_classifier=classifier if isinstance(classifier, FalsePositiveClassifier) else None,
        patches_elsewhere=classifier.elsewhere if isinstance(classifier, PatchClassifier) else None,
        head_mm=head_mm,
    )


def fit_false_positive_classifier(evidence: Sequence[Evidence]) -> FalsePositiveClassifier | None:
    """Fit a classifier on the candidate lesions of these cases; None if too few are true, or too few false."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    included = [one for one in evidence if not one.excluded]
    features = np.concatenate([np.empty((0, len(FEATURES))), *(one.features for one in included)])
    true = np.concatenate([np.empty(0, bool), *(one.true for one in included)])
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


def _out_of_sample_weights(
    evidence: Sequence[Evidence], fitted_on: Sequence[Evidence], fit: FitClassifier, classifier: LesionClassifier | None
) -> list[FloatArray]:
    """For each case, (1 + m,) probabilities from a classifier fitted without it: outside candidates, then of each."""
    if classifier is None:
        return [np.ones(1 + len(one.features)) for one in evidence]
    # If the other groups have too few lesions to fit a classifier, the one fitted on all cases is used.
    # Slices alone are several cases of a subject, all in one group.
    subjects = list(dict.fromkeys(one.subject for one in (*evidence, *fitted_on)))
    group = {subject: i % _GROUPS for i, subject in enumerate(subjects)}
    others = [fit([one for one in fitted_on if group[one.subject] != k]) or classifier for k in range(_GROUPS)]
    found = []
    for one in evidence:
        other = others[group[one.subject]]
        found.append(np.r_[other.elsewhere, other.predict(one.features, one.patches)])
    return found


def _calibration(evidence: Sequence[Evidence], voxels: Sequence[FloatArray]) -> Calibrations:
    positive = [one.positive for one in evidence]
    of_slice = fit_calibration(np.concatenate(positive), np.concatenate([one.slice_probability for one in evidence]))
    of_subtypes = [
        (one.labels, one.subtype_probability)
        for one in evidence
        if one.subtype_probability is not None and one.hemorrhage is None
    ]
    return Calibrations(
        voxel=_voxel_calibration(evidence, voxels),
        slice=of_slice,
        subtype=fit_calibration(
            *(np.concatenate([of.ravel() for of in column]) for column in zip(*of_subtypes, strict=True))
        )
        if of_subtypes
        else Calibration(),
        scan=fit_calibration(
            [one.any() for one in positive], [of_slice.apply(np.asarray(one.of_scan)) for one in evidence]
        ),
    )


def _voxel_calibration(evidence: Sequence[Evidence], voxels: Sequence[FloatArray]) -> Calibration:
    truth, probabilities, weights = [], [], []
    for one, probability in zip(evidence, voxels, strict=True):
        # The lowest bin is left out: the network all but rules these voxels out, and they would outnumber all others.
        counts, of_bins = one.voxels[..., 1:-1], np.stack([probability[:, 1:-1]] * 2, axis=1)
        row, is_blood, k = np.nonzero(counts if not one.excluded else counts[:0])
        truth.append(is_blood)
        probabilities.append(of_bins[row, is_blood, k])
        weights.append(counts[row, is_blood, k])
    return fit_calibration(np.concatenate(truth), np.concatenate(probabilities), np.concatenate(weights))
