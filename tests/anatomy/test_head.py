from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ichor.anatomy.head import find_head
from ichor.read import open_scan
from ichor.scan import Scan, Source
from paths import DATA


def scan_of(hu: np.ndarray) -> Scan:
    return Scan(hu, Source("images", Path("made")))


def test_the_head_is_found_without_the_table() -> None:
    hu = np.full((3, 256, 256), -1000.0)
    row, column = np.mgrid[:256, :256]
    hu[:, np.hypot((row - 110) / 80, (column - 140) / 60) < 1] = 40
    hu[:, 235:239, 20:236] = 200  # a headrest, wider than the head
    box = find_head(scan_of(hu))
    assert box.centre == pytest.approx((110, 140), abs=4)
    assert box.extent == pytest.approx((160, 120), abs=10)
    nothing = find_head(scan_of(np.full((2, 64, 48), -1000.0)))
    assert nothing.extent == (64, 48)


@pytest.mark.parametrize("path", ["ct-ich/Patients_CT/088", "ct-ich/Patients_CT/081", "ge-head"])
def test_a_real_head_is_as_large_as_a_head(path: str) -> None:
    """The headrest around it is left out; 081 is known in the brain window alone."""
    scan = open_scan(DATA / path)
    assert scan.pixel_mm is not None
    length, width = np.array(find_head(scan).extent) * scan.pixel_mm[0]
    assert 160 < length < 240
    assert 130 < width < 185
