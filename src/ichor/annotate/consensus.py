"""Combinations of readers' label maps: union, intersection, majority, or a STAPLE estimate.

Where hemorrhage is and which subtype it has are two questions, and readers who agree on the first may differ on the
second. So each way of combining answers the first from what is drawn as anything at all. The subtype of a voxel is then
the one that all readers state who drew it; where they name several it is hemorrhage of no stated subtype, which no
reader said of it either but which takes no side, and which people see and settle. A reader who drew a voxel without a
subtype says nothing against another's.

STAPLE (Warfield et al. 2004, doi:10.1109/TMI.2004.828354) estimates each reader's sensitivity and specificity along
with the truth, by expectation maximization; the engine is SimpleITK's. It is binary here: SimpleITK 2.5's multi-label
filter (Rohlfing et al. 2004) counts every voxel on which two readers differ as a vote for another label while it starts
(InsightSoftwareConsortium/ITK#6579), and with two readers every disagreement is such a tie.

What to expect of it: two readers alone cannot tell which of them is right where they differ, and STAPLE, which treats
all voxels that only the one drew alike, puts these just below one half. So its estimate of two readings that overlap is
their intersection; with three or more it weighs them. Where two readings share no voxel it may keep the larger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ichor.annotate.boxes import drawn_box
from ichor.annotate.project.records import UNSTATED

LabelMaps = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MOST_READERS = 8
# STAPLE's prior is the share of hemorrhage in the region it looks at. A region of the drawn voxels and ten times as
# many around makes the estimate that of the readings, however much air or neck the scan shows.
BACKGROUND = 10
# The most voxels that SimpleITK is given: its time grows with them.
MOST_VOXELS = 200_000
# The estimate converges long before, but creeps on for long where readings share no voxel.
MOST_STEPS = 300
# What it leaves undecided comes out as one half, up to rounding, and is not hemorrhage: more likely than not is.
ROUNDING = 1e-6


def combine(choice: str, maps: Sequence[LabelMaps]) -> LabelMaps:
    """One label map (n, rows, columns) of several, by "union", "intersection", "majority" or "staple".

    The same maps give the same result, in whatever order they come. Raises ValueError for another choice, for fewer
    than two maps or more than eight, or if they differ in shape. A majority is more than half of the readers.
    """
    if choice not in WAYS:
        raise ValueError(f"expected one of {', '.join(WAYS)}, found {choice}")
    if not 2 <= len(maps) <= MOST_READERS or len({one.shape for one in maps}) > 1:
        raise ValueError(f"expected two to eight maps of one shape, found {[one.shape for one in maps]}")
    # A voxel is of one of 2 ** readers kinds, by who drew it; a way of combining decides on each kind as a whole.
    who = np.array(np.unravel_index(np.arange(2 ** len(maps)), [2] * len(maps)), bool)
    result = np.zeros(maps[0].shape, np.uint8)
    box = drawn_box(maps)
    drawn = [one[box] for one in maps]
    if not drawn[0].size:
        return result
    kinds = _kinds(drawn)
    # Slice by slice, which keeps what is reckoned on small.
    counts = np.sum([np.bincount(one.ravel(), minlength=who.shape[1]) for one in kinds], axis=0)
    kept = WAYS[choice](who, counts)
    for into, kind, *labels in zip(result[box], kinds, *drawn, strict=True):
        into[...] = _subtypes(labels) * kept[kind]
    return result


def _kinds(drawn: Sequence[LabelMaps]) -> NDArray[np.uint8]:
    """By who drew each voxel: a binary number with a digit for each reader, the first reader's first."""
    kinds = np.zeros(drawn[0].shape, np.uint8)
    for one in drawn:
        kinds = 2 * kinds + (one > 0)
    return kinds


def _subtypes(labels: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The label that all state who drew a pixel, of labels (rows, columns); none is stated where nobody drew."""
    stated = [np.where(one > 0, one, UNSTATED) for one in labels]
    lowest = np.min(stated, axis=0)
    one_says = [(one == lowest) | (one == UNSTATED) for one in stated]
    return np.where(np.all(one_says, axis=0), lowest, UNSTATED).astype(np.uint8)


def _staple(who: Mask, counts: NDArray[np.int64]) -> Mask:
    """(kinds,) where hemorrhage is more likely than not, from who drew each kind (readers, kinds) and its voxels.

    STAPLE knows no neighbours, so it is given as many voxels of each kind as there are, in a row, and fewer in
    proportion where they are too many. The first kind is what nobody drew.
    """
    import SimpleITK

    counts = np.r_[BACKGROUND * counts.sum(), counts[1:]]
    there = counts > 0
    given = np.maximum(1, np.rint(counts[there] * min(1, MOST_VOXELS / counts.sum()))).astype(int)
    engine = SimpleITK.STAPLEImageFilter()  # type: ignore[no-untyped-call]
    engine.SetForegroundValue(1)  # type: ignore[no-untyped-call]
    engine.SetMaximumIterations(MOST_STEPS)  # type: ignore[no-untyped-call]
    images = [SimpleITK.GetImageFromArray(np.repeat(one[there], given)[None].astype(np.uint8)) for one in who]
    estimate = engine.Execute(images)  # type: ignore[no-untyped-call]
    probability = SimpleITK.GetArrayFromImage(estimate)[0, np.cumsum(given) - 1]
    kept = np.zeros(len(counts), bool)
    kept[there] = probability > 0.5 + ROUNDING
    kept[0] = False
    return kept


WAYS: dict[str, Callable[[Mask, NDArray[np.int64]], Mask]] = {
    "union": lambda who, _: np.any(who, axis=0),
    "intersection": lambda who, _: np.all(who, axis=0),
    "majority": lambda who, _: 2 * who.sum(axis=0) > len(who),
    "staple": _staple,
}
