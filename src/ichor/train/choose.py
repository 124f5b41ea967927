"""What `unet-slices` chooses on cases it was not trained on: lesion judge, calibration, outline, operating points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.methods.calibration import FEWEST, Calibration, Calibrations, fit_calibration
from ichor.methods.lesions import FEATURES, LesionJudge
from ichor.methods.outline import voxels_within
from ichor.methods.settings import SlicesChosen
from ichor.scan import FloatArray
from ichor.train.evidence import PROBABILITY_OF_BINS, Evidence

# Inverse of the penalty on the weights of standardized properties: there are as few as ten true lesions.
_C = 0.3
DOUBTS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
_GROUPS = 8  # of subjects, each judged by a judge that did not see it
# Of the scans without hemorrhage, those left unmarked at two of the operating points.
BALANCED_SPECIFICITY, SPECIFIC_SPECIFICITY = 0.6, 0.95

# Dense where it is low: so is the probability of small and faint lesions, and theirs is the threshold that decides.
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
    0.12,
    0.15,
    0.18,
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
    doubt, points = _operating_points(
        [_Ranked.of(one, calibration.voxel.of(of)) for one, of in zip(evidence, voxels, strict=True) if not one.chronic]
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


@dataclass(frozen=True, eq=False)
class _Ranked:
    """A case and, of each of its slices, the probabilities (v,) that its voxels have, from the highest.

    `counts` (v, 2) are how many voxels have each that are not hemorrhage and that are.
    """

    case: Evidence
    slices: list[tuple[FloatArray, NDArray[np.int64]]]

    @classmethod
    def of(cls, case: Evidence, voxels: FloatArray) -> _Ranked:
        """`voxels` (regions, bins) are the probabilities of what is counted in `case.voxels`."""
        slices = []
        for k in range(len(case.labels)):
            here = case.region_slice == k
            counts = np.moveaxis(case.voxels[here], 1, 2).reshape(-1, 2)
            there = np.flatnonzero(counts.any(axis=1))
            order = there[np.argsort(-voxels[here].ravel()[there], kind="stable")]
            slices.append((voxels[here].ravel()[order], counts[order]))
        return cls(case, slices)

    def marked(self, doubt: float) -> NDArray[np.int64]:
        """(thresholds, n, 2) voxels marked on each slice at each of `VOXEL_THRESHOLDS`: not hemorrhage, and such."""
        marked = np.zeros((len(VOXEL_THRESHOLDS), len(self.slices), 2), np.int64)
        for k, (probability, counts) in enumerate(self.slices):
            within = voxels_within(probability, counts.sum(axis=1), doubt)
            on = probability.max(initial=0.0) >= np.array(VOXEL_THRESHOLDS)
            marked[:, k] = on[:, None] * counts[:within].sum(axis=0)
        return marked

    def dice(self, marked: NDArray[np.int64]) -> FloatArray:
        """(thresholds,) the mean of the Dice in 3-D and of the mean Dice of the slices with hemorrhage."""
        reference = self.case.reference
        hit, size = 2 * marked[..., 1], marked.sum(axis=2) + reference
        of_slices = hit[:, reference > 0] / size[:, reference > 0]
        return np.asarray((hit.sum(axis=1) / size.sum(axis=1) + of_slices.mean(axis=1)) / 2)


def _operating_points(cases: Sequence[_Ranked]) -> tuple[float, dict[str, float]]:
    """The doubt of outlines, and the thresholds by name, from the lowest.

    `balanced`, and the doubt with it, is that of the best mean Dice over the scans with hemorrhage: the mean of the
    Dice in 3-D, which counts what is marked on their slices without any, and that of their slices with hemorrhage,
    where a small one counts as much as a large one. But it leaves 60 % of the scans without hemorrhage unmarked, as far
    as any threshold does. `triage` is the highest that finds every hemorrhage of which there is a candidate, or the
    lowest, `specific` the lowest at which nothing is marked in 95 % of the scans without hemorrhage, or the highest.
    """
    n = len(VOXEL_THRESHOLDS)
    doubt, best, highest = 0.0, VOXEL_THRESHOLDS.index(0.5), 0.0  # where nothing is found there is nothing to learn
    to_outline = [one for one in cases if one.case.reference.any()]
    to_find = [one for one in cases if one.case.true.any()]
    without = [one for one in cases if not one.case.positive.any()]
    # Which slices are marked does not depend on the doubt.
    unmarked = np.array([~one.marked(0.0).any(axis=(1, 2)) for one in without], bool).reshape(-1, n).sum(axis=0)
    enough = unmarked >= min(BALANCED_SPECIFICITY * len(without), unmarked.max())
    for of_doubt in DOUBTS:
        dice = np.sum([np.zeros(n), *(one.dice(one.marked(of_doubt)) for one in to_outline)], axis=0) * enough
        if dice.max() > highest:
            highest, doubt, best = float(dice.max()), of_doubt, int(np.argmax(dice))
    found = np.array([one.marked(doubt)[..., 1].any(axis=1) for one in to_find], bool).reshape(-1, n)
    finds_all = np.flatnonzero(found.all(axis=0))
    specific = np.flatnonzero(unmarked >= SPECIFIC_SPECIFICITY * len(without))
    chosen = {
        "triage": min(int(finds_all.max(initial=0)), best),
        "balanced": best,
        "specific": max(int(specific.min(initial=n - 1)), best),
    }
    return doubt, {name: float(VOXEL_THRESHOLDS[k]) for name, k in chosen.items()}
