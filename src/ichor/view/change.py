"""What changed since a prior scan of the patient: total volume, and lesion by lesion.

Lesions are matched by their place in the head, without registering one scan to the other: the middle of a lesion
relative to the middle of the head and to its highest slice. Two within `NEAR_MM` of each other are one, the nearest
first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.head import find_head
from ichor.orientation import radiological_pixel_mm
from ichor.view.opened import Opened

NEAR_MM = 30.0


def change(now: Opened, before: Opened) -> dict[str, Any]:
    """Volumes in mL, now and before: of the whole scan, and of each lesion by its number in either (null: not there).

    A lesion whose place or volume is unknown is matched with none.
    """
    hemorrhages = [each.listed.findings.hemorrhage for each in (now, before) if each.listed.findings is not None]
    volumes = [[one.volume_ml for one in each.lesions] for each in hemorrhages]
    pairs = _matched(_places(now), _places(before))
    found = {first for first, _ in pairs}, {second for _, second in pairs}
    rows: list[tuple[int | None, int | None]] = [*pairs]
    rows += [(k, None) for k in range(len(volumes[0])) if k not in found[0]]
    rows += [(None, k) for k in range(len(volumes[1])) if k not in found[1]]
    return {
        "total_ml": {"now": hemorrhages[0].volume_ml, "before": hemorrhages[1].volume_ml},
        "lesions": [
            {
                "now": None if first is None else first + 1,
                "before": None if second is None else second + 1,
                "now_ml": 0.0 if first is None else volumes[0][first],
                "before_ml": 0.0 if second is None else volumes[1][second],
            }
            for first, second in rows
        ],
    }


def _places(opened: Opened) -> NDArray[np.float64]:
    """(lesions, 3) mm: the middle of each listed lesion from the head's middle and highest slice; NaN if unknown."""
    assert opened.listed.findings is not None
    count = len(opened.listed.findings.hemorrhage.lesions)
    heights, pixel_mm = opened.scan.slice_positions_mm, radiological_pixel_mm(opened.scan)
    head = find_head(opened.scan)
    on_head = np.flatnonzero(np.isfinite(head.middle_column))
    if not count or opened.lesion_of is None or heights is None or pixel_mm is None or not on_head.size:
        return np.full((count, 3), np.nan)
    middles = np.array(ndimage.center_of_mass(opened.lesion_of > 0, opened.lesion_of, np.arange(1, count + 1)))
    slices = np.rint(middles[:, 0]).astype(int)
    row_mm, column_mm = np.median(pixel_mm, axis=0)
    return np.column_stack(
        [
            heights[slices] - heights[on_head[-1]],
            (middles[:, 1] - head.centre[0]) * row_mm,
            (middles[:, 2] - head.middle_column[slices]) * column_mm,
        ]
    )


def _matched(now: NDArray[np.float64], before: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs of lesions, the nearest first, each lesion in one pair at most; in the order of `now`."""
    apart = np.linalg.norm(now[:, None] - before[None], axis=-1)
    apart = np.where(np.isfinite(apart) & (apart <= NEAR_MM), apart, np.inf)
    pairs = []
    while apart.size and np.isfinite(apart).any():
        first, second = np.unravel_index(apart.argmin(), apart.shape)
        pairs.append((int(first), int(second)))
        apart[first], apart[:, second] = np.inf, np.inf
    return sorted(pairs)
