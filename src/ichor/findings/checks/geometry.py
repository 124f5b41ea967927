"""Whether slices, pixels and planes are outside the models' intended input, or contradict the header."""

from __future__ import annotations

import numpy as np

from ichor.findings.checks.kinds import Failures, InputCheck
from ichor.read.bounds import USUAL_THICKNESS_MM
from ichor.scan import Scan

GAP_MM, PIXEL_MM, LEAN_DEG = 7.5, (0.2, 1.0), 30.0
WITHIN = 0.05  # mm; headers round
TILT_DEG, TILT_WITHIN_DEG = 1.0, 1.5  # a smaller tilt changes nothing; tables sag, and headers round


def of_geometry(scan: Scan) -> Failures:
    """The checks that a scan fails by where its slices lie."""
    low, high = USUAL_THICKNESS_MM
    if scan.thickness_mm is not None:
        thickness = float(np.median(scan.thickness_mm))
        if not low - WITHIN <= thickness <= high + WITHIN:
            yield (
                InputCheck.GEOMETRY,
                f"Slices are {thickness:.3g} mm thick; the models were made for {low:g} to {high:g} mm.",
            )
    distances = scan.slice_distances_mm
    if distances is not None and distances.size and np.median(distances) > GAP_MM:
        yield InputCheck.GEOMETRY, f"Slices lie {np.median(distances):.3g} mm apart: what is between them was not seen."
    if scan.pixel_mm is not None:
        pixel = float(np.median(scan.pixel_mm))
        if not PIXEL_MM[0] <= pixel <= PIXEL_MM[1]:
            yield (
                InputCheck.GEOMETRY,
                f"Pixels are {pixel:.3g} mm wide, where {PIXEL_MM[0]:g} to {PIXEL_MM[1]:g} mm is usual.",
            )
    lean = float(np.degrees(np.arccos(np.clip(scan.normal[2], -1, 1))))
    if lean > LEAN_DEG:
        yield InputCheck.GEOMETRY, f"Slices lie {lean:.0f} degrees off the axial plane, more than a gantry tilts."
    yield from _tilt(scan, lean)


def _tilt(scan: Scan, lean: float) -> Failures:
    """A tilt in its own tag that neither the way of the table nor the planes of the slices show.

    Its sign is left out of account: scanners count it either way.
    """
    stated, of_places = scan.stated_tilt_deg, scan.tilt_deg
    if stated is None or of_places is None or abs(stated) < TILT_DEG:
        return
    if min(abs(abs(stated) - abs(shown)) for shown in (of_places, lean)) > TILT_WITHIN_DEG:
        closer = 1 - np.cos(np.radians(min(abs(stated), 60.0)))
        yield (
            InputCheck.GEOMETRY,
            f"Gantry/Detector Tilt is {stated:.3g} degrees, which the slices' orientation and positions do not show "
            f"({abs(of_places):.3g}): if they were not straightened since, slices lie {closer:.0%} closer than they "
            "say, and are shifted against each other.",
        )
