"""Overlap of a mask with the radiologists' delineation: Dice and Jaccard, and the ways of averaging them.

Conventions: for two empty masks the overlap is 1; if only one is empty, it is 0. The first case never occurs in the
paper's average, which is over slices with hemorrhage only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Pixel counts of one scan's slices, from which every overlap metric follows.

    Attributes:
        both: (n,) pixels in mask and reference.
        predicted: (n,) pixels in the mask.
        reference: (n,) pixels in the reference.
    """

    both: IntArray
    predicted: IntArray
    reference: IntArray

    @classmethod
    def of(cls, mask: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Overlaps:
        """Count the pixels of a mask and its reference, both (n, rows, columns).

        Raises ValueError if they differ in shape.
        """
        if mask.shape != reference.shape:
            raise ValueError(f"expected a mask of shape {reference.shape}, found {mask.shape}")
        axes = (1, 2)
        return cls(np.sum(mask & reference, axis=axes), np.sum(mask, axis=axes), np.sum(reference, axis=axes))

    def only_slices(self, kept: NDArray[np.bool_]) -> Overlaps:
        """The counts with the mask emptied on all slices except those `kept`, (n,) bool."""
        return Overlaps(self.both * kept, self.predicted * kept, self.reference)

    @property
    def dice(self) -> NDArray[np.float64]:
        """(n,) twice the pixels of both over the sum of the pixels of each, by slice (paper, equation 2)."""
        return _ratio(2 * self.both, self.predicted + self.reference)

    @property
    def jaccard(self) -> NDArray[np.float64]:
        """(n,) the pixels of both over the pixels of either, by slice (paper, equation 1)."""
        return _ratio(self.both, self.predicted + self.reference - self.both)

    @property
    def positive(self) -> NDArray[np.bool_]:
        """(n,) slices whose reference has hemorrhage."""
        return self.reference > 0


def subject_averages(overlaps: Mapping[str, Overlaps], leave_out: Sequence[str] = ()) -> dict[str, tuple[float, float]]:
    """For each subject with hemorrhage, (Dice, Jaccard) as the mean over its slices with hemorrhage.

    The mean of these over subjects is the paper's average. `leave_out` names subjects to leave out.
    """
    return {
        subject: slice_averages(one)
        for subject, one in overlaps.items()
        if one.positive.any() and subject not in leave_out
    }


def slice_averages(overlaps: Overlaps) -> tuple[float, float]:
    """(Dice, Jaccard) of one subject as the mean over its slices with hemorrhage, of which there must be some."""
    positive = overlaps.positive
    return float(overlaps.dice[positive].mean()), float(overlaps.jaccard[positive].mean())


def pooled_dice(overlaps: Mapping[str, Overlaps]) -> float:
    """Dice over the pooled voxels of all scans."""
    both, predicted, reference = _totals(overlaps)
    return float(_ratio(np.array([2 * both]), np.array([predicted + reference]))[0])


def scan_dice(overlaps: Overlaps) -> float:
    """Dice over all voxels of one scan, slices without hemorrhage included."""
    return pooled_dice({"": overlaps})


def _totals(overlaps: Mapping[str, Overlaps]) -> tuple[int, int, int]:
    values = overlaps.values()
    return (
        sum(int(o.both.sum()) for o in values),
        sum(int(o.predicted.sum()) for o in values),
        sum(int(o.reference.sum()) for o in values),
    )


def _ratio(above: IntArray, below: IntArray) -> NDArray[np.float64]:
    return np.where(below > 0, above / np.maximum(below, 1), 1.0)
