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
from ichor.findings.checks.gray import why_wrong_gray
from ichor.findings.checks.head import BRAIN_CM2, head_failures, is_head
from ichor.findings.checks.kinds import FailedCheck, Failures, InputCheck
from ichor.orientation import to_radiological
from ichor.scan import Scan

MAX_MISSING = 0.05  # of all slices


def failed_checks(scan: Scan, head: HeadOutline) -> tuple[FailedCheck, ...]:
    """The input checks that a scan with this head outline fails. A check that does not apply counts as passed."""
    return tuple(FailedCheck(kind, message) for kind, message in _failures(scan, head))


def _failures(scan: Scan, head: HeadOutline) -> Failures:
    cranium = Cranium.of(scan, head)
    wrong_gray = why_wrong_gray(scan, cranium)
    if wrong_gray is not None:
        yield InputCheck.GRAY, wrong_gray
    elif not is_head(scan, cranium):
        (low, high), window = BRAIN_CM2, scan.gray_window
        brain = "brain" if scan.pixel_mm is None else f"{low:.0f} to {high:.0f} cm² of brain"
        yield (
            InputCheck.NOT_A_HEAD,
            f"No head was found: no slice shows {brain} inside a skull"
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
