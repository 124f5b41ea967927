"""Checks of the geometry: slices and pixels of usual size, axial planes, and a tilt that agrees with the header."""

from __future__ import annotations

import numpy as np

from ichor.findings.checks.kinds import Failures, InputCheck
from ichor.read.bounds import USUAL_THICKNESS_MM
from ichor.scan import Scan

MAX_DISTANCE_MM, PIXEL_MM, MAX_ANGLE_DEG = 7.5, (0.2, 1.0), 30.0
THICKNESS_TOLERANCE_MM = 0.05  # headers round
MIN_TILT_DEG, TILT_TOLERANCE_DEG = 1.0, 1.5  # a smaller tilt has no effect; tables sag, and headers round


def geometry_failures(scan: Scan) -> Failures:
    """The geometry checks that a scan fails."""
    low, high = USUAL_THICKNESS_MM
    if scan.thickness_mm is not None:
        thickness = float(np.median(scan.thickness_mm))
        if not low - THICKNESS_TOLERANCE_MM <= thickness <= high + THICKNESS_TOLERANCE_MM:
            yield (
                InputCheck.GEOMETRY,
                f"Slices are {thickness:.3g} mm thick; the models were made for {low:g} to {high:g} mm.",
            )
    distances = scan.slice_distances_mm
    if distances is not None and distances.size and np.median(distances) > MAX_DISTANCE_MM:
        yield InputCheck.GEOMETRY, f"Slices lie {np.median(distances):.3g} mm apart: what is between them was not seen."
    if scan.pixel_mm is not None:
        pixel = float(np.median(scan.pixel_mm))
        if not PIXEL_MM[0] <= pixel <= PIXEL_MM[1]:
            yield (
                InputCheck.GEOMETRY,
                f"Pixels are {pixel:.3g} mm wide, where {PIXEL_MM[0]:g} to {PIXEL_MM[1]:g} mm is usual.",
            )
    angle = float(np.degrees(np.arccos(np.clip(scan.normal[2], -1, 1))))
    if angle > MAX_ANGLE_DEG:
        yield InputCheck.GEOMETRY, f"Slices lie {angle:.0f} degrees off the axial plane, more than a gantry tilts."
    yield from _tilt_failures(scan, angle)


def _tilt_failures(scan: Scan, angle: float) -> Failures:
    """Reports a stated gantry tilt that agrees neither with the slices' positions nor with their `angle` (degrees).

    The sign is ignored, since manufacturers define it in opposite ways.
    """
    stated, measured = scan.stated_tilt_deg, scan.tilt_deg
    if stated is None or measured is None or abs(stated) < MIN_TILT_DEG:
        return
    if min(abs(abs(stated) - abs(found)) for found in (measured, angle)) > TILT_TOLERANCE_DEG:
        closer = 1 - np.cos(np.radians(min(abs(stated), 60.0)))
        yield (
            InputCheck.GEOMETRY,
            f"Gantry/Detector Tilt is {stated:.3g} degrees, which the slices' orientation and positions do not show "
            f"({abs(measured):.3g}): unless the volume was straightened, slices lie {closer:.0%} closer together than "
            "their positions state, and are shifted against each other.",
        )
