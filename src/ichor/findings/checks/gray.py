"""Checks of the voxel values: HU of a head, or gray values of the scan's window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.intracranial import Cranium
from ichor.findings.checks.head import CORE_CM2, is_above_skull_base, is_head
from ichor.read.hounsfield import AIR_ENOUGH, AIR_HU, why_not_hu
from ichor.scan import Scan
from ichor.windows import DENSE_BLOOD_HU, GrayWindow

MIN_TISSUE_FRACTION = 0.05  # of all voxels, 0 to 80 HU
BRAIN_HU = (18.0, 60.0)  # the median; a newborn's brain is the darkest
HALF_HU = (5.0, 21.0)  # width of the shortest half, checked for gray values of a window
BRIGHT_BACKGROUND_HU = 200.0  # the corners of a CT slice show air
CLIPPED_HU = 1.0  # from the lower end of the window: air and, in a brain window, fat
MIN_PX = 100


def why_wrong_gray(scan: Scan, cranium: Cranium) -> str | None:
    """Why the values cannot be HU, or gray values of the scan's window; None if they can."""
    window, corners = scan.gray_window, cranium.corner_hu
    if corners > (BRIGHT_BACKGROUND_HU if window is None else window.level):
        return f"Around the head it is bright ({corners:.0f} HU), where air is dark: the gray may be inverted."
    if window is None and not _has_air_and_tissue(cranium) and (reason := why_not_hu(cranium.hu)) is not None:
        return f"The values do not look like HU of a head: {reason}."
    if not is_head(scan, cranium):
        return None
    if window is not None:
        return _why_wrong_window(window, cranium)
    return None if cranium.core_cm2 < CORE_CM2 else _why_wrong_place(float(np.median(cranium.hu[cranium.core])))


def _why_wrong_window(window: GrayWindow, cranium: Cranium) -> str | None:
    """Why gray values of a head cannot be of this window; None if they can.

    In small pictures, the skull has gaps and there is little core: then all soft tissue inside it has to do.
    """
    if window.highest_hu < DENSE_BLOOD_HU:
        return f"The window ends at {window.highest_hu:g} HU, so dense blood cannot be told from bone."
    enough = cranium.core_cm2 >= CORE_CM2
    brain = cranium.hu[cranium.core if enough else cranium.soft]
    brain = brain[(brain > window.lowest_hu + CLIPPED_HU) & (brain < cranium.bone_hu)]
    if brain.size < MIN_PX:
        return None
    if (wrong := _why_wrong_place(float(np.median(brain)))) is not None or not enough:
        return wrong
    low, high = shortest_half(brain)
    within = max(high - low, window.step_hu)  # in a wide window, half of the brain may have one gray
    # On a single slice at the skull base, orbits and muscle spread the values in any window.
    widest = HALF_HU[1] if is_above_skull_base(cranium) else np.inf
    if HALF_HU[0] <= within <= widest:
        return None
    return (
        f"Half of the brain lies within {within:.0f} HU, where {HALF_HU[0]:g} to {HALF_HU[1]:g} is usual: the gray "
        f"may not be that of level {window.level:g}, width {window.width:g} HU."
    )


def shortest_half(values: NDArray[Any]) -> tuple[float, float]:
    """The shortest interval that contains half of the values.

    Unlike quartiles, it does not depend on the other half, which may be blood, edema and ventricles. Of several
    shortest intervals, the middle one.
    """
    ordered = np.sort(values)
    half = len(ordered) // 2
    widths = ordered[half:] - ordered[: len(ordered) - half]
    shortest = np.flatnonzero(widths == widths.min())
    first = int(shortest[len(shortest) // 2])
    return float(ordered[first]), float(ordered[first + half])


def _why_wrong_place(brain_hu: float) -> str | None:
    if BRAIN_HU[0] <= brain_hu <= BRAIN_HU[1]:
        return None
    return (
        f"Brain lies at {brain_hu:.0f} HU, where {BRAIN_HU[0]:.0f} to {BRAIN_HU[1]:.0f} is usual: the values may be of "
        "another window or scale."
    )


def _has_air_and_tissue(cranium: Cranium) -> bool:
    """Whether air and soft tissue have their usual HU; then a scan without a head shows another part of the body."""
    hu = cranium.hu
    return bool(np.mean(hu <= AIR_HU) >= AIR_ENOUGH and np.mean((hu >= 0) & (hu <= 80)) >= MIN_TISSUE_FRACTION)
