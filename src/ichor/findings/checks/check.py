"""Whether a scan is the models' intended input: a whole head, without contrast agent, with the stated gray values.

Rules, not a network: each says what it found. docs/reference/findings.md gives their thresholds and how often they
fail. They look at what a scan shows, not at the ends of its array (`ichor.anatomy.field_of_view`).
"""

from __future__ import annotations

import numpy as np

from ichor.anatomy.head import HeadOutline
from ichor.anatomy.intracranial import Cranium
from ichor.anatomy.noise import SHARP_HU, noise_hu
from ichor.findings.checks.geometry import of_geometry
from ichor.findings.checks.head import CORE_CM2, of_a_head
from ichor.findings.checks.kinds import FailedCheck, Failures, InputCheck
from ichor.orientation import to_radiological
from ichor.read.hounsfield import AIR_ENOUGH, AIR_HU, why_not_hu
from ichor.scan import Scan

BRAIN_CM2 = (40.0, 300.0)  # at its widest, inside the skull: from a small newborn's to the largest of heads
SOFT_SHARE = 0.5  # of what the skull holds; the rest of a head there is air and partly bone
HEAD_SHARE = 0.45  # of the whole slice; a trunk or an arm has less inside its bones
CLOSED = 0.7  # of the directions around the brain; ribs and pelvis leave more open
TISSUE_SHARE = 0.05  # of a picture, 0 to 80 HU
BRAIN_HU = (18.0, 60.0)  # the median; a newborn's brain is the darkest
SPREAD_HU = (5.0, 24.0)  # from the lower to the upper quartile, in gray of a window
BRIGHT_HU = 200.0  # the corners of a picture are air
MISSING = 0.05  # of all slices


def failed_checks(scan: Scan, head: HeadOutline) -> tuple[FailedCheck, ...]:
    """The input checks that a scan fails; `head` is its outline. A check that cannot be made is not failed."""
    return tuple(FailedCheck(kind, message) for kind, message in _all(scan, head))


def _all(scan: Scan, head: HeadOutline) -> Failures:
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
        yield from of_a_head(scan, cranium)
    if scan.contrast:
        yield InputCheck.CONTRAST, "Contrast agent was given, as the header says: it looks like blood."
    yield from _kernel(scan, head, cranium)
    if scan.missing_slices > MISSING * (scan.n_slices + scan.missing_slices):
        yield (
            InputCheck.INCOMPLETE,
            f"About {scan.missing_slices} of {scan.n_slices + scan.missing_slices} slices of this head are missing: "
            "what they show was not screened.",
        )
    yield from of_geometry(scan)


def _is_head(scan: Scan, cranium: Cranium) -> bool:
    low, high = BRAIN_CM2
    fits = scan.pixel_mm is None or low <= cranium.brain_cm2.max() <= high
    holds_brain = cranium.soft_share >= SOFT_SHARE and cranium.head_share >= HEAD_SHARE
    return fits and holds_brain and cranium.closed >= CLOSED


def _why_wrong_gray(scan: Scan, cranium: Cranium) -> str | None:
    """Why the values cannot be the HU, or the gray of the window, that they are said to be."""
    hu, window = cranium.hu, scan.gray_window
    (top, below), (right, beyond) = cranium.field.rows, cranium.field.columns
    rows, columns = [top, top, below - 1, below - 1], [right, beyond - 1, right, beyond - 1]
    corners = float(np.median(hu[:, rows, columns]))
    if corners > (BRIGHT_HU if window is None else window.level):
        return f"Around the head it is bright ({corners:.0f} HU), where air is dark: the gray may be inverted."
    if window is None and not _has_air_and_tissue(cranium) and (reason := why_not_hu(hu)) is not None:
        return f"The values do not look like HU of a head: {reason}."
    if not _is_head(scan, cranium) or cranium.core_cm2 < CORE_CM2:
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


def _kernel(scan: Scan, head: HeadOutline, cranium: Cranium) -> Failures:
    """A kernel for bone or lung: as the header says, or where it does not, by the noise."""
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
    """The noise about the middle of the head, on three of the slices where the brain is wide."""
    wide = np.flatnonzero(cranium.wide) * cranium.every
    if not wide.size:
        return None
    thickness = scan.slice_heights_mm if scan.thickness_mm is None else scan.thickness_mm
    middle = tuple(slice(low + (high - low) // 4, high - (high - low) // 4) for low, high in (head.rows, head.columns))
    voxels = to_radiological(scan.voxels, scan)
    return noise_hu(
        (voxels[k][middle], None if thickness is None else float(thickness[k]))
        for k in wide[[len(wide) * part // 4 for part in (1, 2, 3)]]
    )
