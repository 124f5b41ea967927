"""The change since a prior scan of the patient: total volume, and the volume of each lesion.

Lesions are matched by their position in the head, without registration of the scans: the centroid of a lesion relative
to the center of the head and to its highest slice. Lesions within `NEAR_MM` of each other are matched, the nearest
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
    """Volumes in mL, now and before: of the whole scan, and of each lesion by its number in either scan.

    The number is None in the scan in which a lesion has no match. A lesion at an unknown position has no match.
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
    """(lesions, 3) the centroid of each listed lesion in mm, relative to the head; NaN if unknown."""
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
    """Match the nearest lesions first, each lesion at most once; returns pairs of indices in the order of `now`."""
    distances = np.linalg.norm(now[:, None] - before[None], axis=-1)
    distances = np.where(np.isfinite(distances) & (distances <= NEAR_MM), distances, np.inf)
    pairs = []
    while distances.size and np.isfinite(distances).any():
        first, second = np.unravel_index(distances.argmin(), distances.shape)
        pairs.append((int(first), int(second)))
        distances[first], distances[:, second] = np.inf, np.inf
    return sorted(pairs)
