"""Made heads for the tests of the classical methods: an ellipsoid skull with brain, and what a test puts into it."""

from __future__ import annotations

import numpy as np

from ichor.dataset.case import Case
from ichor.scan import Scan
from ichor.subtypes import Subtype
from synthetic_scans import BLOOD_HU, synthetic_head

GRID = {"pixel_mm": 1.6, "size": 144}
DEEP = (38.0, 10.0, 60.0)  # well inside the brain, x to the left
AT_SKULL = (58.0, 0.0, 60.0)
OFF_SKULL_RADII = (14.0, 16.0, 20.0)


def made(at_mm: tuple[float, float, float] | None, radii_mm: tuple[float, float, float] = OFF_SKULL_RADII) -> Scan:
    """A noisy head of 12 slices with blood at a place, if any."""
    scan = synthetic_head(blood_at_mm=at_mm, blood_radii_mm=radii_mm)
    noise = np.random.default_rng(0).normal(0, 2, scan.voxels.shape)
    scan.voxels[:] = np.round(scan.voxels + noise)
    return scan


def case(subject: str, scan: Scan, subtype: Subtype = Subtype.IPH) -> Case:
    """The scan with its blood delineated exactly, all of it of one subtype."""
    clean = np.abs(np.asarray(scan.hu, float) - BLOOD_HU) < 12
    labels = np.zeros((scan.n_slices, len(Subtype)), bool)
    labels[:, list(Subtype).index(subtype)] = clean.sum(axis=(1, 2)) > 20
    return Case(subject, scan, clean & labels.any(axis=1)[:, None, None], labels)


def dice(mask: np.ndarray, truth: np.ndarray) -> float:
    return 2 * float(np.sum(mask & truth)) / float(np.sum(mask) + np.sum(truth))


def training() -> list[Case]:
    """Three subjects with blood at different places and two without."""
    places = (DEEP, (-40.0, -10.0, 50.0), AT_SKULL)
    with_blood = [case(f"00{k}", made(place)) for k, place in enumerate(places)]
    return [*with_blood, case("003", made(None)), case("004", made(None))]
