"""Checks of a scan that shows a head: complete, in order, and without contrast agent, metal or a bright rim."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichor.anatomy.field_of_view import SIDES
from ichor.anatomy.intracranial import Cranium
from ichor.findings.checks.kinds import Failures, InputCheck
from ichor.scan import Scan

BRAIN_CM2 = (40.0, 300.0)  # area at its widest: from small newborns to the largest adults
MIN_ENCLOSED = 0.7  # of all directions around the brain; ribs and pelvis leave larger gaps
# Soft tissue in the intracranial space, where the rest is air and partial volume of bone; and its fraction of all
# tissue on the slice, of which trunks and limbs have less enclosed by bone. At the skull base, where a single slice may
# lie, there are more air and bone inside, and face and neck outside.
MIN_SOFT_FRACTION, MIN_INTRACRANIAL_FRACTION = 0.5, 0.45
MIN_SOFT_FRACTION_OF_ONE, MIN_INTRACRANIAL_FRACTION_OF_ONE = 0.3, 0.27
CUT_AREA = 0.7  # of the largest brain area; more than that on the first or last slice means that the head is cut off
CUT_SLICES = 0.25  # of the slices with a wide brain; on fewer, a dressing or cushion may touch the end of the field
CORE_CM2 = 15.0  # on the median slice; a smaller core says too little about gray values
VESSEL_HU, VESSEL_MM2 = 110.0, 20.0  # on the median slice: clotted blood is darker, and calcium is on few slices
MIN_SLICES = 3  # with a wide brain
DENSE_HU, VESSEL_MM, AROUND_MM = 60.0, 12.0, 4.0  # a hematoma, as dense as that, is wider than any vessel
MIN_BONE_HU = 95.0  # a gray window that ends below this does not distinguish enhanced vessels from blood
RIM_HU = 9.0  # on the median slice; results/input-checks shows the values of real scans
METAL_HU, METAL_ML = 3000.0, 0.02  # bone and teeth are less dense; 12-bit scanners saturate at 3071
METAL_AREA = 0.25  # of the largest brain area; dental fillings lie below the slices that show so much brain
MAX_OSCILLATION = 1.25  # 1 if the brain's area only rises and then falls from slice to slice
ORDERED_SLICES = 40  # thin slices are subsampled to at most this many, so that noise does not add up
MAX_LISTED = 6  # slice numbers in a message


def is_head(scan: Scan, cranium: Cranium) -> bool:
    """Whether a slice shows brain inside a skull; a single slice may show it at the skull base."""
    low, high = BRAIN_CM2
    fits = scan.pixel_mm is None or low <= cranium.brain_cm2.max() <= high
    one = cranium.soft_share >= MIN_SOFT_FRACTION_OF_ONE and cranium.head_share >= MIN_INTRACRANIAL_FRACTION_OF_ONE
    contains_brain = one if scan.n_slices == 1 else is_above_skull_base(cranium)
    return fits and contains_brain and cranium.closed >= MIN_ENCLOSED


def is_above_skull_base(cranium: Cranium) -> bool:
    """Whether the slice with most brain shows little else."""
    return cranium.soft_share >= MIN_SOFT_FRACTION and cranium.head_share >= MIN_INTRACRANIAL_FRACTION


def head_failures(scan: Scan, cranium: Cranium) -> Failures:
    """The checks that a scan of a head fails."""
    brain = cranium.shown_brain_cm2
    cut = [name for name, area in (("lowest", brain[0]), ("highest", brain[-1])) if area >= CUT_AREA * brain.max()]
    sides, oscillation = _cut_sides(cranium), _oscillation(cranium)
    if sides:
        yield (
            InputCheck.PART,
            f"Only part of a head is shown: the {_listed(sides)} of it {'lies' if len(sides) == 1 else 'lie'} beyond "
            "the field of view.",
        )
    elif oscillation > MAX_OSCILLATION:  # not if the head is cut off: neighboring slices may be cut differently
        yield (
            InputCheck.ORDER,
            "Neighbouring slices do not fit, and may be in the wrong order: the brain grows and shrinks "
            f"{oscillation:.1f} times from the lowest to the highest.",
        )
    if sides or oscillation <= MAX_OSCILLATION:
        yield from _cut_slice_failures(cut)
        yield from _empty_slice_failures(cranium)
    vessels_mm2 = _vessels_mm2(cranium, in_window=scan.gray_window is not None)
    # Without the upper slices, the median slice is at the skull base, where partial volume of bone is as bright.
    if vessels_mm2 >= VESSEL_MM2 and not scan.contrast and "highest" not in cut:
        yield (
            InputCheck.CONTRAST,
            f"Vessels are as bright as with contrast agent ({vessels_mm2:.0f} mm² at {VESSEL_HU:.0f} HU and above on "
            "the median slice): they look like blood.",
        )
    # In a wide gray window, one gray level is as large as the difference sought.
    rim_hu = None if scan.gray_window is not None else cranium.rim_hu()
    if rim_hu is not None and rim_hu > RIM_HU:
        yield (
            InputCheck.RIM,
            f"Brain beside the skull is {rim_hu:.0f} HU brighter than deeper in, where up to {RIM_HU:.0f} is usual: "
            "bone may have brightened it, and thin marks along the skull may be no blood. Blood along both sides of "
            "the skull does the same.",
        )
    metal_ml = _metal_ml(scan, cranium)
    if metal_ml >= METAL_ML:
        yield (
            InputCheck.METAL,
            f"{metal_ml:.2g} mL of metal ({METAL_HU:.0f} HU and above) on slices that show brain: the streaks around "
            "it look like blood.",
        )


def _cut_slice_failures(cut: list[str]) -> Failures:
    """Reports the outermost slices, "lowest" and "highest", beyond which the head continues."""
    if cut:
        slices = " and the ".join(cut)
        yield (
            InputCheck.PART,
            f"Only part of a head is shown: the {slices} slice cut{'s' * (len(cut) < 2)} through the brain where it is "
            "wide.",
        )


def _cut_sides(cranium: Cranium) -> list[str]:
    """The sides on which the head continues beyond the field of view."""
    fraction = cranium.cuts[cranium.wide].mean(axis=0)
    return [side for side, of_wide in zip(SIDES, fraction, strict=True) if of_wide >= CUT_SLICES]


def _empty_slice_failures(cranium: Cranium) -> Failures:
    """Reports slices without content between slices with content."""
    shown = np.flatnonzero(cranium.shown)
    if not shown.size or len(empty := np.setdiff1d(np.arange(shown[0], shown[-1]), shown)) == 0:
        return
    which = f"{len(empty)} slices" if len(empty) > MAX_LISTED else f"slice{'s' * (len(empty) > 1)} "
    if len(empty) <= MAX_LISTED:
        which += _listed([str(k + 1) for k in empty])
    yield (
        InputCheck.INCOMPLETE,
        f"{which[0].upper()}{which[1:]} show{'s' * (len(empty) == 1)} nothing, between others that show the head: what "
        "lies there was not screened.",
    )


def _listed(words: list[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _vessels_mm2(cranium: Cranium, *, in_window: bool) -> float:
    """The area, on the median slice, that is as bright as vessels with contrast agent; 0 if that cannot be determined.

    The median, since sinuses and vessels are on all slices, but calcium and partial volume of bone only on few: of one
    or two slices nothing can be said. Hematomas are left out of images, whose window may be narrower than stated.
    """
    hu, core = cranium.hu[cranium.wide], cranium.core[cranium.wide]
    if cranium.bone_hu < MIN_BONE_HU or cranium.core_cm2 < CORE_CM2 or len(hu) < MIN_SLICES:
        return 0.0
    bright = core & (hu >= min(VESSEL_HU, cranium.bone_hu))
    if in_window:
        bright &= ~_hematomas(hu, cranium.pixel_mm2**0.5)
    return float(np.median(np.count_nonzero(bright, axis=(1, 2)))) * cranium.pixel_mm2


def _hematomas(hu: NDArray[np.float32], pixel_mm: float) -> NDArray[np.bool_]:
    """(n, rows, columns) what is dense and wider than any vessel, and what is next to it."""
    rows, columns = np.ogrid[-(r := round(VESSEL_MM / 2 / pixel_mm)) : r + 1, -r : r + 1]
    disc = (np.hypot(rows, columns) <= r)[None]
    around = ndimage.generate_binary_structure(2, 1)[None]
    dense = ndimage.uniform_filter(hu, (1, 3, 3)) >= DENSE_HU
    wide = ndimage.binary_opening(dense, disc)
    return np.asarray(ndimage.binary_dilation(wide, around, max(1, round(AROUND_MM / pixel_mm))))


def _oscillation(cranium: Cranium) -> float:
    """The total variation of the brain's area over the slices, divided by twice its maximum.

    1 if the area rises once from 0 and falls once to 0, as in a head.
    """
    area = cranium.shown_brain_cm2
    area = area[:: -(-len(area) // ORDERED_SLICES)]
    return float(np.abs(np.diff(area)).sum() / (2 * area.max()))


def _metal_ml(scan: Scan, cranium: Cranium) -> float:
    """The volume of metal on slices that show brain, in mL; 0 for gray values of a window, which ends below it."""
    if scan.gray_window is not None:
        return 0.0
    hu: NDArray[Any] = scan.voxels
    count = np.count_nonzero(hu >= METAL_HU, axis=(1, 2))
    shows_brain = cranium.brain_cm2_of(np.arange(scan.n_slices)) >= METAL_AREA * cranium.brain_cm2.max()
    area, height = scan.pixel_area_mm2, scan.slice_heights_mm
    if area is None or height is None:
        return 0.0
    return float((count * area * height)[shows_brain].sum() / 1000)
