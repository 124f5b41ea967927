"""Checks that a scan is the models' intended input: a whole head, without contrast agent, with correct gray values.

The checks are rules, each with a message about what it found. docs/reference/findings.md lists their thresholds and how
often they fail. They consider only the part of a scan that has content (`ichor.anatomy.field_of_view`).
"""

from __future__ import annotations

import numpy as np

from ichor.anatomy.head import HeadOutline
from ichor.anatomy.intracranial import Cranium
from ichor.anatomy.noise import SHARP_HU, noise_hu
from ichor.findings.checks.geometry import geometry_failures
from ichor.findings.checks.head import CORE_CM2, head_failures
from ichor.findings.checks.kinds import FailedCheck, Failures, InputCheck
from ichor.orientation import to_radiological
from ichor.read.hounsfield import AIR_ENOUGH, AIR_HU, why_not_hu
from ichor.scan import Scan

BRAIN_CM2 = (40.0, 300.0)  # area at its widest: from small newborns to the largest adults
MIN_SOFT_FRACTION = 0.5  # soft tissue in the intracranial space; the rest is air and partial volume of bone
MIN_INTRACRANIAL_FRACTION = 0.45  # of all tissue on the slice; trunks and limbs have less enclosed by bone
MIN_ENCLOSED = 0.7  # of all directions around the brain; ribs and pelvis leave larger gaps
MIN_TISSUE_FRACTION = 0.05  # of all voxels, 0 to 80 HU
BRAIN_HU = (18.0, 60.0)  # the median; a newborn's brain is the darkest
BRAIN_IQR_HU = (5.0, 24.0)  # interquartile range, checked for gray values of a window
BRIGHT_BACKGROUND_HU = 200.0  # the corners of a CT slice show air
MAX_MISSING = 0.05  # of all slices


def failed_checks(scan: Scan, head: HeadOutline) -> tuple[FailedCheck, ...]:
    """The input checks that a scan with this head outline fails. A check that does not apply counts as passed."""
    return tuple(FailedCheck(kind, message) for kind, message in _failures(scan, head))


def _failures(scan: Scan, head: HeadOutline) -> Failures:
    cranium = Cranium.of(scan, head)
    wrong_gray = _why_wrong_gray(scan, cranium)
    if wrong_gray is not None:
        yield InputCheck.GRAY, wrong_gray
    elif not _is_head(scan, cranium):
        low, high = BRAIN_CM2
        window = scan.gray_window
        yield (
            InputCheck.NOT_A_HEAD,
            f"No head was found: no slice shows {low:.0f} to {high:.0f} cm² of brain inside a skull"
            + (
                "."
                if window is None
                else f", or the gray is not that of level {window.level:g}, width {window.width:g} HU."
            ),
        )
    else:
        yield from head_failures(scan, cranium)
    if scan.contrast:
        yield InputCheck.CONTRAST, "Contrast agent was given, as the header says: it looks like blood."
    yield from _kernel_failures(scan, head, cranium)
    if scan.missing_slices > MAX_MISSING * (scan.n_slices + scan.missing_slices):
        yield (
            InputCheck.INCOMPLETE,
            f"About {scan.missing_slices} of {scan.n_slices + scan.missing_slices} slices of this head are missing: "
            "what they show was not screened.",
        )
    yield from geometry_failures(scan)


def _is_head(scan: Scan, cranium: Cranium) -> bool:
    low, high = BRAIN_CM2
    fits = scan.pixel_mm is None or low <= cranium.brain_cm2.max() <= high
    contains_brain = cranium.soft_share >= MIN_SOFT_FRACTION and cranium.head_share >= MIN_INTRACRANIAL_FRACTION
    return fits and contains_brain and cranium.closed >= MIN_ENCLOSED


def _why_wrong_gray(scan: Scan, cranium: Cranium) -> str | None:
    """Why the values cannot be HU, or gray values of the scan's window; None if they can."""
    hu, window = cranium.hu, scan.gray_window
    (first_row, end_row), (first_column, end_column) = cranium.field.rows, cranium.field.columns
    corner_rows = [first_row, first_row, end_row - 1, end_row - 1]
    corner_columns = [first_column, end_column - 1, first_column, end_column - 1]
    corners = float(np.median(hu[:, corner_rows, corner_columns]))
    if corners > (BRIGHT_BACKGROUND_HU if window is None else window.level):
        return f"Around the head it is bright ({corners:.0f} HU), where air is dark: the gray may be inverted."
    if window is None and not _has_air_and_tissue(cranium) and (reason := why_not_hu(hu)) is not None:
        return f"The values do not look like HU of a head: {reason}."
    if not _is_head(scan, cranium) or cranium.core_cm2 < CORE_CM2:
        return None
    lower, median, upper = np.percentile(hu[cranium.core], (25, 50, 75))
    if not BRAIN_HU[0] <= median <= BRAIN_HU[1]:
        return (
            f"Brain lies at {median:.0f} HU, where {BRAIN_HU[0]:.0f} to {BRAIN_HU[1]:.0f} is usual: the values may be "
            "of another window or scale."
        )
    if window is not None and not BRAIN_IQR_HU[0] <= upper - lower <= BRAIN_IQR_HU[1]:
        return (
            f"Half of the brain lies within {upper - lower:.0f} HU, where {BRAIN_IQR_HU[0]:.0f} to "
            f"{BRAIN_IQR_HU[1]:.0f} is usual: the gray may not be that of level {window.level:g}, width "
            f"{window.width:g} HU."
        )
    return None


def _has_air_and_tissue(cranium: Cranium) -> bool:
    """Whether air and soft tissue have their usual HU; then a scan without a head shows another part of the body."""
    hu = cranium.hu
    return bool(np.mean(hu <= AIR_HU) >= AIR_ENOUGH and np.mean((hu >= 0) & (hu <= 80)) >= MIN_TISSUE_FRACTION)


def _kernel_failures(scan: Scan, head: HeadOutline, cranium: Cranium) -> Failures:
    """Reports a bone or lung kernel, as named in the header or, if the header names none, by the noise."""
    if scan.sharp_kernel:
        yield (
            InputCheck.KERNEL,
            "It was reconstructed for bone or lung, by its kernel or its noise: in such noise blood is missed, and "
            "noise marked.",
        )
    elif scan.sharp_kernel is None and scan.gray_window is None:
        noise = _noise_hu(scan, head, cranium)
        if noise is not None and noise > SHARP_HU:
            yield (
                InputCheck.KERNEL,
                f"Brain is as noisy from pixel to pixel ({noise:.0f} HU, of slices 5 mm thick) as a kernel for bone or "
                "lung makes it: blood is missed in it, and noise marked.",
            )


def _noise_hu(scan: Scan, head: HeadOutline, cranium: Cranium) -> float | None:
    """The noise in the middle of the head, on three of the slices on which the brain is wide; None without any."""
    wide = np.flatnonzero(cranium.wide) * cranium.every
    if not wide.size:
        return None
    thickness = scan.slice_heights_mm if scan.thickness_mm is None else scan.thickness_mm
    middle = tuple(slice(low + (high - low) // 4, high - (high - low) // 4) for low, high in (head.rows, head.columns))
    voxels = to_radiological(scan.voxels, scan)
    return noise_hu(
        (voxels[k][middle], None if thickness is None else float(thickness[k]))
        for k in wide[[len(wide) * quarter // 4 for quarter in (1, 2, 3)]]
    )
