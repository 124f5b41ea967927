"""Of a scan that shows a head: whether all of it is there, in order, and without contrast agent or metal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichor.anatomy.field_of_view import SIDES
from ichor.anatomy.intracranial import Cranium
from ichor.findings.checks.kinds import Failures, InputCheck
from ichor.scan import Scan

CUT = 0.7  # on the first or last slice that shows anything, of the brain's widest area
CUT_SLICES = 0.25  # of those where the brain is wide; on fewer a dressing or a cushion may bridge to the end
CORE_CM2 = 15.0  # on the median slice; on less of it nothing is said of gray
VESSEL_HU, VESSEL_MM2 = 110.0, 20.0  # on the median slice: blood that clots stays below, calcium is on few slices
LOWEST_END_HU = 95.0  # a scan that ends below cannot tell vessels from blood
RIM_HU = 9.0  # on the median slice; results/input-checks has what is seen
METAL_HU, METAL_ML = 3000.0, 0.02  # bone and teeth end below; 12-bit scanners end at 3071
METAL_BRAIN = 0.25  # on slices with so much of the widest area: fillings lie below them
ZIGZAG = 1.25  # how often over the brain's area goes up and down from slice to slice; 1 is once
ORDERED_SLICES = 40  # thin slices are compared at this many places, so that noise does not add up
LISTED = 6  # slices by their numbers


def of_a_head(scan: Scan, cranium: Cranium) -> Failures:
    """The checks that a scan of a head fails."""
    brain = cranium.shown_brain_cm2
    cut = [name for name, area in (("lowest", brain[0]), ("highest", brain[-1])) if area >= CUT * brain.max()]
    sides, zigzag = _sides(cranium), _zigzag(cranium)
    if sides:
        yield (
            InputCheck.PART,
            f"Only part of a head is shown: the {_listed(sides)} of it {'lies' if len(sides) == 1 else 'lie'} beyond "
            "the field of view.",
        )
    elif zigzag > ZIGZAG:  # where the head is cut off, neighbouring slices may be cut differently
        yield (
            InputCheck.ORDER,
            f"Neighbouring slices do not fit, and may be in the wrong order: the brain grows and shrinks {zigzag:.1f} "
            "times from the lowest to the highest.",
        )
    if sides or zigzag <= ZIGZAG:
        yield from _ends(cut)
        yield from _empty_slices(cranium)
    vessels_mm2 = _vessels_mm2(cranium)
    # Without the upper slices the median one is at the skull base, where there is bone on all sides.
    if vessels_mm2 >= VESSEL_MM2 and not scan.contrast and "highest" not in cut:
        yield (
            InputCheck.CONTRAST,
            f"Vessels are as bright as with contrast agent ({vessels_mm2:.0f} mm² at {VESSEL_HU:.0f} HU and above on "
            "the median slice): they look like blood.",
        )
    # Gray of a wide window has steps as large.
    rim_hu = None if scan.gray_window is not None else cranium.rim_hu()
    if rim_hu is not None and rim_hu > RIM_HU:
        yield (
            InputCheck.RIM,
            f"Brain beside the skull is {rim_hu:.0f} HU brighter than deeper in, where up to {RIM_HU:.0f} is usual: "
            "bone may have brightened it, and thin marks along the skull may be no blood.",
        )
    metal_ml = _metal_ml(scan, cranium)
    if metal_ml >= METAL_ML:
        yield (
            InputCheck.METAL,
            f"{metal_ml:.2g} mL of metal ({METAL_HU:.0f} HU and above) on slices that show brain: the streaks around "
            "it look like blood.",
        )


def _ends(cut: list[str]) -> Failures:
    """Which of the outermost slices the head goes on beyond."""
    if cut:
        slices = " and the ".join(cut)
        yield (
            InputCheck.PART,
            f"Only part of a head is shown: the {slices} slice cut{'s' * (len(cut) < 2)} through the brain where it is "
            "wide.",
        )


def _sides(cranium: Cranium) -> list[str]:
    """To which sides the head goes on beyond the field."""
    share = cranium.cuts[cranium.wide].mean(axis=0)
    return [side for side, of_wide in zip(SIDES, share, strict=True) if of_wide >= CUT_SLICES]


def _empty_slices(cranium: Cranium) -> Failures:
    """The slices that show nothing, between others that do."""
    places = np.flatnonzero(cranium.shown)
    if not places.size or len(empty := np.setdiff1d(np.arange(places[0], places[-1]), places)) == 0:
        return
    which = f"{len(empty)} slices" if len(empty) > LISTED else f"slice{'s' * (len(empty) > 1)} "
    if len(empty) <= LISTED:
        which += _listed([str(k + 1) for k in empty])
    yield (
        InputCheck.INCOMPLETE,
        f"{which[0].upper()}{which[1:]} show{'s' * (len(empty) == 1)} nothing, between others that show the head: what "
        "lies there was not screened.",
    )


def _listed(words: list[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _vessels_mm2(cranium: Cranium) -> float:
    """The area as bright as vessels with contrast agent on the median slice; 0 where that cannot be told.

    The median, since calcium and partial volume of bone are on few slices, and sinuses and vessels on all.
    """
    if cranium.bone_hu < LOWEST_END_HU or cranium.core_cm2 < CORE_CM2:
        return 0.0
    bright = cranium.core[cranium.wide] & (cranium.hu[cranium.wide] >= min(VESSEL_HU, cranium.bone_hu))
    return float(np.median(np.count_nonzero(bright, axis=(1, 2)))) * cranium.pixel_mm2


def _zigzag(cranium: Cranium) -> float:
    """The ups and downs of the brain's area from slice to slice, over twice its largest: 1 where it rises and falls."""
    area = cranium.shown_brain_cm2
    area = area[:: -(-len(area) // ORDERED_SLICES)]
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
