"""What `unet-slices` chooses on cases it was not trained on: the lesion judge, calibration and operating points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ichor.methods.calibration import FEWEST, Calibration, Calibrations, fit_calibration
from ichor.methods.lesions import FEATURES, LesionJudge
from ichor.methods.settings import SlicesChosen
from ichor.scan import FloatArray
from ichor.train.evidence import PROBABILITY_OF_BINS, Evidence

# Inverse of the penalty on the weights of standardized properties: there are as few as ten true lesions.
_C = 0.3
_GROUPS = 8  # of subjects, each judged by a judge that did not see it
SPECIFIC_SPECIFICITY = 0.95

# Dense near zero: the probability of small and faint lesions is low, and theirs is the threshold that decides.
VOXEL_THRESHOLDS = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.07,
    0.1,
    0.15,
    0.2,
    0.25,
    0.3,
    0.35,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
    0.9,
)


def choose(evidence: Sequence[Evidence], head_mm: float) -> SlicesChosen:
    """All that is chosen, on cases that what answered them was not trained on.

    The judge of lesions is fitted on all of them. Voxels are calibrated and thresholds chosen on lesions judged by one
    that did not see their subject. The chronic subject's lesions and voxels are left out, its slices are not. `head_mm`
    is the median length of the training heads, which is kept beside.
    """
    judge = fit_judge(evidence)
    voxels = [of[:, None] * PROBABILITY_OF_BINS for of in _judged_unseen(evidence, judge)]
    calibration = _calibration(evidence, voxels)
    points = _operating_points(evidence, [calibration.voxel.of(one) for one in voxels])
    return SlicesChosen(
        threshold=points["balanced"],
        operating_point="balanced",
        operating_points=points,
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
        return [np.ones(len(one.voxels)) for one in evidence]
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


def _operating_points(evidence: Sequence[Evidence], voxels: Sequence[FloatArray]) -> dict[str, float]:
    """Voxel thresholds by name, from the lowest, of the calibrated probabilities `voxels`.

    `balanced` is that of the best mean Dice in 3-D over the scans with hemorrhage. `triage` is the highest that finds
    every hemorrhage of which there is a candidate, or the lowest, `specific` the lowest at which nothing is marked in
    95 % of the scans without hemorrhage, or the highest.
    """
    counted = [(one, of) for one, of in zip(evidence, voxels, strict=True) if not one.chronic]
    having = np.array([one.positive.any() for one, _ in counted], bool)
    marked = np.array([[_marked(one, of >= t) for one, of in counted] for t in VOXEL_THRESHOLDS]).reshape(
        len(VOXEL_THRESHOLDS), -1, 2
    )
    reference = np.array([one.voxels[:, 1].sum() for one, _ in counted])
    sizes = np.maximum(marked.sum(axis=2) + reference, 1)
    dice = np.mean(2 * marked[:, having, 1] / sizes[:, having], axis=1) if having.any() else np.zeros(len(marked))
    best = int(np.argmax(dice)) if dice.any() else VOXEL_THRESHOLDS.index(0.5)  # nothing is found: nothing to learn
    found = marked[:, [one.true.any() for one, _ in counted], 1] > 0
    left_alone = np.mean(marked[:, ~having].sum(axis=2) == 0, axis=1) if not having.all() else np.ones(len(marked))
    specific = np.flatnonzero(left_alone >= SPECIFIC_SPECIFICITY)
    chosen = {
        "triage": min(int(np.flatnonzero(found.all(axis=1)).max(initial=0)), best),
        "balanced": best,
        "specific": max(int(specific.min(initial=len(marked) - 1)), best),
    }
    return {name: float(VOXEL_THRESHOLDS[k]) for name, k in chosen.items()}


def _marked(evidence: Evidence, bins: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(2,) voxels in these bins (1 + m, bins) that are not hemorrhage and that are."""
    return np.asarray((evidence.voxels * bins[:, None]).sum(axis=(0, 2)))
