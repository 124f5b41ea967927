"""What `unet-slices` chooses on cases it was not trained on: lesion judge, calibration, outline, operating points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ichor.methods.calibration import FEWEST, Calibration, Calibrations, fit_calibration
from ichor.methods.unet_slices.candidates import FEATURES, LesionJudge
from ichor.methods.unet_slices.evidence import PROBABILITY_OF_BINS, Evidence
from ichor.methods.unet_slices.operating_points import Ranked, operating_points
from ichor.methods.unet_slices.settings import SlicesChosen
from ichor.scan import FloatArray

# Inverse of the penalty on the weights of standardized properties: there are as few as ten true lesions.
_C = 0.3
_GROUPS = 8  # of subjects, each judged by a judge that did not see it


def choose(evidence: Sequence[Evidence], head_mm: float) -> SlicesChosen:
    """All that is chosen, on cases that what answered them was not trained on.

    The judge of lesions is fitted on all of them. Voxels are calibrated, and the doubt of outlines and thresholds
    chosen, on lesions judged by one that did not see their subject. The chronic subject's lesions and voxels are left
    out, its slices are not. `head_mm` is the median length of the training heads, which is kept beside.
    """
    judge = fit_judge(evidence)
    voxels = [
        of[one.region_candidate, None] * PROBABILITY_OF_BINS
        for one, of in zip(evidence, _judged_unseen(evidence, judge), strict=True)
    ]
    calibration = _calibration(evidence, voxels)
    doubt, points = operating_points(
        [Ranked.of(one, calibration.voxel.of(of)) for one, of in zip(evidence, voxels, strict=True) if not one.chronic]
    )
    return SlicesChosen(
        threshold=points["balanced"],
        operating_point="balanced",
        operating_points=points,
        doubt=doubt,
        calibration=calibration,
        judge=judge,
        head_mm=head_mm,
    )


def fit_judge(evidence: Sequence[Evidence]) -> LesionJudge | None:
    """The judge of candidate lesions, fitted on those of these cases; None where they have too few of either kind."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    of = [one for one in evidence if not one.chronic]
    features = np.concatenate([np.empty((0, len(FEATURES))), *(one.features for one in of)])
    true = np.concatenate([np.empty(0, bool), *(one.true for one in of)])
    if min(true.sum(), (~true).sum()) < FEWEST:
        return None
    scaler = StandardScaler().fit(features)
    fitted = LogisticRegression(C=_C).fit(scaler.transform(features), true)
    weights = fitted.coef_[0] / scaler.scale_
    return LesionJudge(
        intercept=float(fitted.intercept_[0] - weights @ scaler.mean_),
        weights=dict(zip(FEATURES, weights.tolist(), strict=True)),
        elsewhere=float(true.mean()),
    )


def _judged_unseen(evidence: Sequence[Evidence], judge: LesionJudge | None) -> list[FloatArray]:
    """Of each case, (1 + m,) probabilities of what is in no candidate and of its candidates, by another judge."""
    if judge is None:
        return [np.ones(1 + len(one.features)) for one in evidence]
    # Where the others have too few lesions for a judge of their own, that of all cases stands in.
    others = [fit_judge([one for i, one in enumerate(evidence) if i % _GROUPS != k]) or judge for k in range(_GROUPS)]
    return [
        np.r_[others[i % _GROUPS].elsewhere, others[i % _GROUPS].of(one.features)] for i, one in enumerate(evidence)
    ]


def _calibration(evidence: Sequence[Evidence], voxels: Sequence[FloatArray]) -> Calibrations:
    positive = [one.positive for one in evidence]
    of_slice = fit_calibration(np.concatenate(positive), np.concatenate([one.slice_probability for one in evidence]))
    told = [(one.labels, one.subtype_probability) for one in evidence if one.subtype_probability is not None]
    return Calibrations(
        voxel=_voxel_calibration(evidence, voxels),
        slice=of_slice,
        subtype=fit_calibration(*(np.concatenate([of.ravel() for of in column]) for column in zip(*told, strict=True)))
        if told
        else Calibration(),
        scan=fit_calibration(
            [one.any() for one in positive], [of_slice.of(one.slice_probability).max() for one in evidence]
        ),
    )


def _voxel_calibration(evidence: Sequence[Evidence], voxels: Sequence[FloatArray]) -> Calibration:
    truth, said, weights = [], [], []
    for one, probability in zip(evidence, voxels, strict=True):
        # Without what the network all but rules out: it would outnumber everything.
        counts, of_bins = one.voxels[..., 1:-1], np.stack([probability[:, 1:-1]] * 2, axis=1)
        row, is_blood, k = np.nonzero(counts if not one.chronic else counts[:0])
        truth.append(is_blood)
        said.append(of_bins[row, is_blood, k])
        weights.append(counts[row, is_blood, k])
    return fit_calibration(np.concatenate(truth), np.concatenate(said), np.concatenate(weights))
