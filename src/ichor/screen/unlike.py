"""Whether a scan is unlike what the models were made for: a whole head, without contrast agent, gray as it is said.

Rules, not a network: each says what it saw. docs/findings.md gives their thresholds and how often they warn.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ichor.head import HeadOutline
from ichor.read.bounds import USUAL_THICKNESS_MM
from ichor.read.hounsfield import AIR_ENOUGH, AIR_HU, why_not_hu
from ichor.scan import Scan
from ichor.screen.cranium import Cranium

BRAIN_CM2 = (40.0, 300.0)  # at its widest, inside the skull: from a small newborn's to the largest of heads
SOFT_SHARE = 0.5  # of what the skull holds; the rest of a head there is air and partly bone
HEAD_SHARE = 0.45  # of the whole slice; a trunk or an arm has less inside its bones
CLOSED = 0.7  # of the directions around the brain; ribs and pelvis leave more open
CUT = 0.7  # on the first or last slice, of the brain's widest area
TISSUE_SHARE = 0.05  # of a picture, 0 to 80 HU
BRAIN_HU = (18.0, 60.0)  # the median; a newborn's brain is the darkest
SPREAD_HU = (5.0, 24.0)  # from the lower to the upper quartile, in gray of a window
BRIGHT_HU = 200.0  # the corners of a picture are air
CORE_CM2 = 15.0  # on the median slice; on less of it nothing is said of gray
VESSEL_HU, VESSEL_MM2 = 110.0, 20.0  # on the median slice: blood that clots stays below, calcium is on few slices
LOWEST_END_HU = 95.0  # a scan that ends below cannot tell vessels from blood
RIM_HU = 9.0  # on the median slice; results/unlike has what is seen
METAL_HU, METAL_ML = 3000.0, 0.02  # bone and teeth end below; 12-bit scanners end at 3071
METAL_BRAIN = 0.25  # on slices with so much of the widest area: fillings lie below them
ZIGZAG = 1.25  # how often over the brain's area goes up and down from slice to slice; 1 is once
ORDERED_SLICES = 40  # thin slices are compared at this many places, so that noise does not add up
MISSING = 0.05  # of all slices
GAP_MM, PIXEL_MM, LEAN_DEG = 7.5, (0.2, 1.0), 30.0
WITHIN = 0.05  # mm; headers round


class Unlike(StrEnum):
    """In what a scan is unlike what the models were made for."""

    NOT_A_HEAD = "not a head"
    PART = "part of a head"
    CONTRAST = "contrast agent"
    KERNEL = "sharp kernel"
    METAL = "metal"
    RIM = "bright rim"
    GRAY = "gray values"
    ORDER = "slice order"
    INCOMPLETE = "missing slices"
    GEOMETRY = "geometry"


class Unlikeness(NamedTuple):
    """One warning: its kind, and a sentence with what was seen."""

    kind: Unlike
    sentence: str


def unlikenesses(scan: Scan, head: HeadOutline) -> tuple[Unlikeness, ...]:
    """All that is unlike in a scan; `head` is its outline. What cannot be told is not warned of."""
    return tuple(Unlikeness(kind, sentence) for kind, sentence in _all(scan, head))


_Said = Iterator[tuple[Unlike, str]]


def _all(scan: Scan, head: HeadOutline) -> _Said:
    cranium = Cranium.of(scan, head)
    wrong_gray = _why_wrong_gray(scan, cranium)
    if wrong_gray is not None:
        yield Unlike.GRAY, wrong_gray
    elif not _is_head(scan, cranium):
        low, high = BRAIN_CM2
        window = scan.gray_window
        yield (
            Unlike.NOT_A_HEAD,
            f"No head was found: no slice shows {low:.0f} to {high:.0f} cm² of brain inside a skull"
            + (
                "."
                if window is None
                else f", or the gray is not that of level {window.level:g}, width {window.width:g} HU."
            ),
        )
    else:
        yield from _of_a_head(scan, cranium)
    if scan.contrast:
        yield Unlike.CONTRAST, "Contrast agent was given, as the header says: it looks like blood."
    if scan.sharp_kernel:
        yield (
            Unlike.KERNEL,
            "It was reconstructed for bone or lung, by its kernel or its noise: in such noise blood is missed, and "
            "noise marked.",
        )
    if scan.missing_slices > MISSING * (scan.n_slices + scan.missing_slices):
        yield (
            Unlike.INCOMPLETE,
            f"About {scan.missing_slices} of {scan.n_slices + scan.missing_slices} slices of this head are missing: "
            "what they show was not screened.",
        )
    yield from _geometry(scan)


def _is_head(scan: Scan, cranium: Cranium) -> bool:
    low, high = BRAIN_CM2
    fits = scan.pixel_mm is None or low <= cranium.brain_cm2.max() <= high
    holds_brain = cranium.soft_share >= SOFT_SHARE and cranium.head_share >= HEAD_SHARE
    return fits and holds_brain and cranium.closed >= CLOSED


def _why_wrong_gray(scan: Scan, cranium: Cranium) -> str | None:
    """Why the values cannot be the HU, or the gray of the window, that they are said to be."""
    hu, window = cranium.hu, scan.gray_window
    corners = float(np.median(hu[:, [0, 0, -1, -1], [0, -1, 0, -1]]))
    if corners > (BRIGHT_HU if window is None else window.level):
        return f"Around the head it is bright ({corners:.0f} HU), where air is dark: the gray may be inverted."
    if window is None and not _has_air_and_tissue(cranium) and (reason := why_not_hu(hu)) is not None:
        return f"The values do not look like HU of a head: {reason}."
    if not _is_head(scan, cranium) or _core_mm2(cranium) < 100 * CORE_CM2:
        return None
    first, median, third = np.percentile(hu[cranium.core], (25, 50, 75))
    if not BRAIN_HU[0] <= median <= BRAIN_HU[1]:
        return (
            f"Brain lies at {median:.0f} HU, where {BRAIN_HU[0]:.0f} to {BRAIN_HU[1]:.0f} is usual: the values may be "
            "of another window or scale."
        )
    if window is not None and not SPREAD_HU[0] <= third - first <= SPREAD_HU[1]:
        return (
            f"Half of the brain lies within {third - first:.0f} HU, where {SPREAD_HU[0]:.0f} to {SPREAD_HU[1]:.0f} is "
            f"usual: the gray may not be that of level {window.level:g}, width {window.width:g} HU."
        )
    return None


def _has_air_and_tissue(cranium: Cranium) -> bool:
    """Whether both lie where HU has them; then a scan that is no head is another part of the body."""
    hu = cranium.hu
    return bool(np.mean(hu <= AIR_HU) >= AIR_ENOUGH and np.mean((hu >= 0) & (hu <= 80)) >= TISSUE_SHARE)


def _of_a_head(scan: Scan, cranium: Cranium) -> _Said:
    brain = cranium.brain_cm2
    cut = [name for name, area in (("lowest", brain[0]), ("highest", brain[-1])) if area >= CUT * brain.max()]
    zigzag = _zigzag(cranium)
    if zigzag > ZIGZAG:
        yield (
            Unlike.ORDER,
            f"Neighbouring slices do not fit, and may be in the wrong order: the brain grows and shrinks {zigzag:.1f} "
            "times from the lowest to the highest.",
        )
    elif cut:
        slices = " and the ".join(cut)
        yield (
            Unlike.PART,
            f"Only part of a head is shown: the {slices} slice cut{'s' * (len(cut) < 2)} through the brain where it is "
            "wide.",
        )
    vessels_mm2 = _vessels_mm2(cranium)
    # Without the upper slices the median one is at the skull base, where there is bone on all sides.
    if vessels_mm2 >= VESSEL_MM2 and not scan.contrast and "highest" not in cut:
        yield (
            Unlike.CONTRAST,
            f"Vessels are as bright as with contrast agent ({vessels_mm2:.0f} mm² at {VESSEL_HU:.0f} HU and above on "
            "the median slice): they look like blood.",
        )
    rim_hu = None if scan.gray_window is not None else cranium.rim_hu()  # gray of a wide window has steps as large
    if rim_hu is not None and rim_hu > RIM_HU:
        yield (
            Unlike.RIM,
            f"Brain beside the skull is {rim_hu:.0f} HU brighter than deeper in, where up to {RIM_HU:.0f} is usual: "
            "bone may have brightened it, and thin marks along the skull may be no blood.",
        )
    metal_ml = _metal_ml(scan, cranium)
    if metal_ml >= METAL_ML:
        yield (
            Unlike.METAL,
            f"{metal_ml:.2g} mL of metal ({METAL_HU:.0f} HU and above) on slices that show brain: the streaks around "
            "it look like blood.",
        )


def _core_mm2(cranium: Cranium) -> float:
    """The area of the core on the median slice of those where the brain is wide."""
    return float(np.median(np.count_nonzero(cranium.core[cranium.wide], axis=(1, 2)))) * cranium.pixel_mm2


def _vessels_mm2(cranium: Cranium) -> float:
    """The area as bright as vessels with contrast agent on the median slice; 0 where that cannot be told.

    The median, since calcium and partial volume of bone are on few slices, and sinuses and vessels on all.
    """
    if cranium.bone_hu < LOWEST_END_HU or _core_mm2(cranium) < 100 * CORE_CM2:
        return 0.0
    bright = cranium.core[cranium.wide] & (cranium.hu[cranium.wide] >= min(VESSEL_HU, cranium.bone_hu))
    return float(np.median(np.count_nonzero(bright, axis=(1, 2)))) * cranium.pixel_mm2


def _zigzag(cranium: Cranium) -> float:
    """The ups and downs of the brain's area from slice to slice, over twice its largest: 1 where it rises and falls."""
    area = cranium.brain_cm2[:: -(-len(cranium.brain_cm2) // ORDERED_SLICES)]
    return float(np.abs(np.diff(area)).sum() / (2 * area.max()))


def _metal_ml(scan: Scan, cranium: Cranium) -> float:
    """Metal on the slices that show brain, mL; 0 in gray of a window, which ends below."""
    if scan.gray_window is not None:
        return 0.0
    hu: NDArray[Any] = scan.voxels
    count = np.count_nonzero(hu >= METAL_HU, axis=(1, 2))
    shows_brain = cranium.brain_cm2_of(np.arange(scan.n_slices)) >= METAL_BRAIN * cranium.brain_cm2.max()
    area, height = scan.pixel_area_mm2, scan.slice_heights_mm
    if area is None or height is None:
        return 0.0
    return float((count * area * height)[shows_brain].sum() / 1000)


def _geometry(scan: Scan) -> _Said:
    low, high = USUAL_THICKNESS_MM
    if scan.thickness_mm is not None:
        thickness = float(np.median(scan.thickness_mm))
        if not low - WITHIN <= thickness <= high + WITHIN:
            yield (
                Unlike.GEOMETRY,
                f"Slices are {thickness:.3g} mm thick; the models were made for {low:g} to {high:g} mm.",
            )
    distances = scan.slice_distances_mm
    if distances is not None and distances.size and np.median(distances) > GAP_MM:
        yield Unlike.GEOMETRY, f"Slices lie {np.median(distances):.3g} mm apart: what is between them was not seen."
    if scan.pixel_mm is not None:
        pixel = float(np.median(scan.pixel_mm))
        if not PIXEL_MM[0] <= pixel <= PIXEL_MM[1]:
            yield (
                Unlike.GEOMETRY,
                f"Pixels are {pixel:.3g} mm wide, where {PIXEL_MM[0]:g} to {PIXEL_MM[1]:g} mm is usual.",
            )
    lean = float(np.degrees(np.arccos(np.clip(scan.normal[2], -1, 1))))
    if lean > LEAN_DEG:
        yield Unlike.GEOMETRY, f"Slices lie {lean:.0f} degrees off the axial plane, more than a gantry tilts."
