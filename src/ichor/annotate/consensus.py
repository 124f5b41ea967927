"""Combinations of readers' label maps: union, intersection, majority, or a STAPLE estimate.

Where hemorrhage is and which subtype it has are two questions, and readers who agree on the first may disagree on the
second. Each way of combining therefore decides the first from everything that is drawn, whatever its subtype. A voxel's
subtype is then the one on which all readers who drew it agree. If they state different ones, it becomes hemorrhage
without a stated subtype: no reader said so, but it takes no side, and people can see and settle it. A reader who drew a
voxel without a subtype does not contradict the others.

STAPLE (Warfield et al. 2004, doi:10.1109/TMI.2004.828354) estimates each reader's sensitivity and specificity together
with the truth, by expectation maximization; SimpleITK's implementation is used. It is binary here: SimpleITK 2.5's
multi-label filter (Rohlfing et al. 2004) initially counts every voxel on which two readers differ as a vote for another
label (InsightSoftwareConsortium/ITK#6579), and with two readers every disagreement is such a tie.

Expected behavior: with only two readers, nothing shows who is right where they differ, and STAPLE, which treats all
voxels that only one of them drew in the same way, puts these just below one half. Its estimate for two overlapping
readings is therefore their intersection; with three or more, it weighs them. If two readings share no voxel, it may
keep the larger one.
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
# STAPLE's prior is the fraction of hemorrhage in the region that it is given. A region of the drawn voxels and ten
# times as many around them makes the estimate independent of how much air or neck the scan shows.
BACKGROUND = 10
# The maximum number of voxels for SimpleITK, whose time grows with it.
MOST_VOXELS = 200_000
# The estimate usually converges long before, but very slowly if readings share no voxel.
MOST_STEPS = 300
# Undecided voxels are one half, up to rounding, and do not count as hemorrhage: only those more likely than not do.
ROUNDING = 1e-6


def combine(choice: str, maps: Sequence[LabelMaps]) -> LabelMaps:
    """Combine several label maps into one (n, rows, columns), by "union", "intersection", "majority" or "staple".

    The result does not depend on the order of the maps. Raises ValueError for another choice, for fewer than two maps
    or more than eight, or if they differ in shape. A majority is more than half of the readers.
    """
    if choice not in WAYS:
        raise ValueError(f"expected one of {', '.join(WAYS)}, found {choice}")
    if not 2 <= len(maps) <= MOST_READERS or len({one.shape for one in maps}) > 1:
        raise ValueError(f"expected two to eight maps of one shape, found {[one.shape for one in maps]}")
    # Each voxel is one of 2 ** readers kinds, by who drew it; a way of combining decides on each kind as a whole.
    who = np.array(np.unravel_index(np.arange(2 ** len(maps)), [2] * len(maps)), bool)
    result = np.zeros(maps[0].shape, np.uint8)
    box = drawn_box(maps)
    drawn = [one[box] for one in maps]
    if not drawn[0].size:
        return result
    kinds = _kinds(drawn)
    # Slice by slice, to use less memory.
    counts = np.sum([np.bincount(one.ravel(), minlength=who.shape[1]) for one in kinds], axis=0)
    kept = WAYS[choice](who, counts)
    for into, kind, *labels in zip(result[box], kinds, *drawn, strict=True):
        into[...] = _subtypes(labels) * kept[kind]
    return result


def _kinds(drawn: Sequence[LabelMaps]) -> NDArray[np.uint8]:
    """Who drew each voxel, as a binary number with one digit per reader, the first reader's first."""
    kinds = np.zeros(drawn[0].shape, np.uint8)
    for one in drawn:
        kinds = 2 * kinds + (one > 0)
    return kinds


def _subtypes(labels: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The label on which all readers who drew a pixel agree, (rows, columns); unstated where nobody drew."""
    stated = [np.where(one > 0, one, UNSTATED) for one in labels]
    lowest = np.min(stated, axis=0)
    one_says = [(one == lowest) | (one == UNSTATED) for one in stated]
    return np.where(np.all(one_says, axis=0), lowest, UNSTATED).astype(np.uint8)


def _staple(who: Mask, counts: NDArray[np.int64]) -> Mask:
    """(kinds,) whether hemorrhage is more likely than not, from who drew each kind (readers, kinds) and its voxels.

    STAPLE does not use neighborhoods, so it gets the voxels of each kind in a row, and proportionally fewer if there
    are too many. The first kind is what nobody drew.
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
