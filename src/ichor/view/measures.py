"""Measurements when a result is opened: midline shift, and volume on each side."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ichor.anatomy.head import HeadOutline, find_head
from ichor.anatomy.midline import find_midline
from ichor.view.opened import Opened


def measures(opened: Opened) -> dict[str, Any]:
    """`midline_shift` in mm with its slice, null if it is not found; volumes in mL right and left.

    `midline_plane` is the plane of symmetry that the shift refers to (`ichor.anatomy.symmetry.SymmetryPlane`), null if
    it is not found. The volumes refer to the column halfway between the head's right and left on each slice.
    """
    head = find_head(opened.scan)
    midline = find_midline(opened.scan)
    shift = midline.shift
    return {
        "midline_shift": None if shift is None else {"mm": round(shift.mm, 1), "slice": shift.slice_index},
        "sides_ml": _sides(opened, head),
        "midline_plane": None if midline.plane is None else asdict(midline.plane),
    }


def _sides(opened: Opened, head: HeadOutline) -> dict[str, float] | None:
    """The marked volume right and left of the head's middle, in mL; None if it is unknown."""
    if opened.labels is None:
        return None
    marked = opened.labels > 0
    on = marked.any(axis=(1, 2))
    if not np.isfinite(head.middle_column[on]).all():
        return None
    # The patient's right is on the left of the picture; the center of a pixel decides.
    right = np.arange(marked.shape[2]) + 0.5 < np.nan_to_num(head.middle_column)[:, None]
    volumes = [opened.scan.volume_ml((marked & side[:, None, :]).sum(axis=(1, 2))) for side in (right, ~right)]
    if volumes[0] is None or volumes[1] is None:
        return None
    return {"right": round(volumes[0], 2), "left": round(volumes[1], 2)}
