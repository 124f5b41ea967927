"""Chooses operating points and the logit offset of outlines on cases that the network was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichor.methods.unet_slices.evidence import Evidence
from ichor.methods.unet_slices.outline import voxels_within
from ichor.scan import FloatArray

LOGIT_OFFSETS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
# Shares of the scans without hemorrhage that are left unmarked at `balanced` and at `specific`.
BALANCED_SPECIFICITY, SPECIFIC_SPECIFICITY = 0.6, 0.95
# The same for single slices at `balanced`: a scan consists of many, each of which would be marked as often.
SINGLE_SLICE_SPECIFICITY = 0.9

# If only one scan is outlined worse, the mean difference equals its standard error up to rounding: it may be chance.
_ROUNDING = 1e-9

# Dense at the low end, where the probabilities of small and faint lesions lie, for which the threshold matters most.
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


@dataclass(frozen=True, eq=False)
class RankedCase:
    """A case and, for each of its slices, the probabilities (v,) of its voxels, from the highest.

    `slices` pairs them with counts (v, 2): the number of voxels without and with hemorrhage that have each probability.
    """

    case: Evidence
    slices: list[tuple[FloatArray, NDArray[np.int64]]]

    @classmethod
    def of(cls, case: Evidence, voxels: FloatArray) -> RankedCase:
        """Rank a case's voxels; `voxels` (regions, bins) are the probabilities of those counted in `case.voxels`."""
        slices = []
        for k in range(len(case.labels)):
            here = case.region_slice == k
            counts = np.moveaxis(case.voxels[here], 1, 2).reshape(-1, 2)
            filled = np.flatnonzero(counts.any(axis=1))
            order = filled[np.argsort(-voxels[here].ravel()[filled], kind="stable")]
            slices.append((voxels[here].ravel()[order], counts[order]))
        return cls(case, slices)

    def marked(self, logit_offset: float) -> NDArray[np.int64]:
        """(thresholds, n, 2) voxels without and with hemorrhage that are marked on each slice at `VOXEL_THRESHOLDS`."""
        marked = np.zeros((len(VOXEL_THRESHOLDS), len(self.slices), 2), np.int64)
        for k, (probability, counts) in enumerate(self.slices):
            within = voxels_within(probability, counts.sum(axis=1), logit_offset)
            on = probability.max(initial=0.0) >= np.array(VOXEL_THRESHOLDS)
            marked[:, k] = on[:, None] * counts[:within].sum(axis=0)
        return marked

    def dice(self, marked: NDArray[np.int64]) -> FloatArray:
        """(thresholds,) the average of the 3-D Dice and the mean Dice of the slices with hemorrhage."""
        reference = self.case.reference
        hit, size = 2 * marked[..., 1], marked.sum(axis=2) + reference
        of_slices = hit[:, reference > 0] / size[:, reference > 0]
        return np.asarray((hit.sum(axis=1) / size.sum(axis=1) + of_slices.mean(axis=1)) / 2)


def operating_points(
    cases: Sequence[RankedCase], balanced_specificity: float = BALANCED_SPECIFICITY
) -> tuple[float, dict[str, float]]:
    """Choose the logit offset of outlines, and the thresholds by name, from the lowest.

    Dice is averaged over the scans with hemorrhage, each with the mean of two values: the 3-D Dice, which also counts
    false positives on slices without hemorrhage, and the mean Dice of the slices with hemorrhage, in which a small area
    counts as much as a large one.

    `balanced` is the lowest threshold that leaves 60 % (`balanced_specificity`) of the scans without hemorrhage
    unmarked (or as many as any threshold does) and whose Dice, at some logit offset, is within one standard error of
    the paired difference from the best: among thresholds that outline equally well, the most sensitive one (after the
    one-standard-error rule of Breiman et al. 1984). The logit offset is the one with the best Dice at `balanced`.
    `triage` is the highest threshold that keeps maximum sensitivity for hemorrhages with a candidate lesion (lesions
    that the outline leaves out because a more probable one is on the same slice are found at no threshold). `specific`
    is the lowest threshold at which nothing is marked in 95 % of the scans without hemorrhage, or the highest of all if
    there is none.
    """
    n = len(VOXEL_THRESHOLDS)
    to_outline = [one for one in cases if one.case.reference.any()]
    to_find = [one for one in cases if one.case.true.any()]
    without = [one for one in cases if not one.case.positive.any()]
    # Which slices are marked does not depend on the logit offset.
    unmarked = np.array([~one.marked(0.0).any(axis=(1, 2)) for one in without], bool).reshape(-1, n).sum(axis=0)
    enough = unmarked >= min(balanced_specificity * len(without), unmarked.max())
    # If nothing is found, nothing can be chosen: take 0.5, or the lowest threshold above it that is specific enough.
    logit_offset, balanced = 0.0, max(VOXEL_THRESHOLDS.index(0.5), int(np.argmax(enough)))
    dice = np.array([[one.dice(one.marked(of)) for of in LOGIT_OFFSETS] for one in to_outline]).reshape(
        -1, len(LOGIT_OFFSETS), n
    )
    if dice[:, :, enough].any():
        balanced = _lowest_as_good(dice, enough)
        logit_offset = LOGIT_OFFSETS[int(np.argmax(dice[:, :, balanced].sum(axis=0)))]
    found = np.array([one.marked(logit_offset)[..., 1].any(axis=1) for one in to_find], bool).reshape(-1, n)
    n_found = found.sum(axis=0)
    finds_most = np.flatnonzero(n_found == n_found.max())
    specific = np.flatnonzero(unmarked >= SPECIFIC_SPECIFICITY * len(without))
    chosen = {
        "triage": min(int(finds_most.max()), balanced),
        "balanced": balanced,
        "specific": max(int(specific.min(initial=n - 1)), balanced),
    }
    return logit_offset, {name: float(VOXEL_THRESHOLDS[k]) for name, k in chosen.items()}


def _lowest_as_good(dice: FloatArray, allowed: NDArray[np.bool_]) -> int:
    """The lowest allowed threshold that, at some logit offset, is within one standard error of the best.

    `dice` is (cases, offsets, thresholds).
    """
    best = np.unravel_index(np.argmax(np.where(allowed, dice.sum(axis=0), -1)), dice.shape[1:])
    behind = dice[:, best[0], best[1], None, None] - dice
    error = behind.std(axis=0, ddof=1) / np.sqrt(len(dice)) if len(dice) > 1 else 0.0
    as_good = behind.mean(axis=0) <= error + _ROUNDING
    return int(np.argmax(as_good.any(axis=0) & allowed))
