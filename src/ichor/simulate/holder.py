"""A head holder: the cradle in which the head lies, a curved shell with foam in it.

Holders are made of carbon fiber or plastic, some 2 to 4 mm thick, filled with foam that is little denser than air, and
lie behind the head. They show as bright lines next to the head, and shift where a program looks for its center.
"""

from __future__ import annotations

import numpy as np

from ichor.anatomy.head import find_head
from ichor.dataset.case import Case
from ichor.simulate.resample import changed, hu_of, pixel_mm_of

_FOAM_HU = -940.0
_AIR_BELOW_HU = -300.0  # only air is replaced


def head_holder(gap_mm: float, thickness_mm: float, shell_hu: float, case: Case) -> Case:
    """The case in a holder whose shell, `shell_hu` dense, lies `gap_mm` behind the head, with foam between them."""
    hu, head, (row_mm, column_mm) = hu_of(case), find_head(case.scan), pixel_mm_of(case)
    centre, half = head.centre, head.extent[1] * column_mm / 2
    down = (np.arange(hu.shape[1])[:, None] - centre[0]) * row_mm
    right = (np.arange(hu.shape[2]) - centre[1]) * column_mm
    # An ellipse around the head, of which the cradle is the part behind its middle.
    across, deep = half + gap_mm, head.extent[0] * row_mm / 2 + gap_mm
    outward = np.hypot(right / across, down / deep)
    behind = down > 0.1 * deep
    shell = behind & (outward >= 1) & (outward < 1 + thickness_mm / min(across, deep))
    foam = behind & (outward < 1)
    made = np.where(shell, np.float32(shell_hu), np.where(foam, np.float32(_FOAM_HU), hu))
    return changed(case, np.where(hu < _AIR_BELOW_HU, made, hu).astype(np.float32))
