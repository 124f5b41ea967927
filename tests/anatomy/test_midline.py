"""Midline shift: a made head whose falx and ventricles are moved by known distances."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ichor.anatomy.midline import _longest_course, find_midline, midline_shift
from ichor.scan import Scan, Source
from paths import ROOT
from studies.midline_shift.simulate import with_shift

MM = 0.9
N, SIZE = 14, 220


def head(*, turned: float = 0.0, featureless: bool = False) -> NDArray[np.float32]:
    """(N, SIZE, SIZE) HU: a skull with brain, lateral ventricles and falx, turned by so many degrees in the plane."""
    z = np.linspace(-0.5, 0.5, N)[:, None, None]
    y, x = np.meshgrid(np.linspace(-1, 1, SIZE), np.linspace(-1, 1, SIZE), indexing="ij")
    angle = np.deg2rad(turned)
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    radius = np.sqrt((x / 0.75) ** 2 + (y / 0.92) ** 2 + (0.6 * z) ** 2)
    hu = np.full(radius.shape, -1000.0)
    hu[radius < 1] = 900
    hu[radius < 0.93] = 33
    if not featureless:
        ventricle = ((np.abs(x) - 0.1 - 0.15 * np.abs(y)) / 0.07) ** 2 + (y / 0.4) ** 2 + (z / 0.35) ** 2 < 1
        hu[ventricle] = 8
        hu[(np.abs(x) < 0.008) & (np.abs(y) > 0.5) & (radius < 0.93)] = 48
    return (hu + np.random.default_rng(0).normal(0, 3, hu.shape)).astype(np.float32)


def scan(hu: NDArray[np.float32]) -> Scan:
    places = np.array([(0.0, 0.0, 5.0 * k) for k in range(N)])
    return Scan(hu, Source("dicom", Path("made")), pixel_mm=np.full((N, 2), MM), positions_mm=places)


@pytest.mark.parametrize("mm", [0, 4, -7, 10, -14])
def test_a_simulated_shift_is_measured_to_2_mm(mm: float) -> None:
    found = midline_shift(with_shift(scan(head()), mm))
    assert found is not None
    assert found.mm == pytest.approx(mm, abs=2)


def test_it_is_seen_on_a_head_that_is_turned() -> None:
    found = midline_shift(with_shift(scan(head(turned=6)), 8))
    assert found is not None
    assert found.mm == pytest.approx(8, abs=2)


def test_the_sign_is_the_patients_side_however_the_slices_are_stored() -> None:
    shifted = with_shift(scan(head()), 9)
    turned = np.array(shifted.orientation)
    turned[:, 0] *= -1  # columns grow to the patient's right
    mirrored = replace(shifted, voxels=np.ascontiguousarray(shifted.voxels[..., ::-1]), orientation=turned)
    found = midline_shift(mirrored)
    assert found is not None
    assert found.mm == pytest.approx(9, abs=2)


def test_without_a_midline_none_is_found() -> None:
    assert midline_shift(scan(head(featureless=True))) is None


def test_without_a_pixel_size_none_is_measured() -> None:
    assert midline_shift(replace(scan(head()), pixel_mm=None, positions_mm=None)) is None


def test_the_plane_goes_through_the_middle_of_a_head_that_is_turned() -> None:
    found = find_midline(scan(head(turned=6)))
    assert found.plane is not None
    middle, way = (SIZE - 1) / 2, SIZE / 3
    for k in (0, N - 1):
        on_slice = found.plane.column + found.plane.per_slice * k
        assert on_slice + found.plane.per_row * middle == pytest.approx(middle, abs=1)
        # The head's own top lies to the side: turned by 6 degrees about its middle.
        assert on_slice + found.plane.per_row * (middle - way) == pytest.approx(
            middle + way * np.tan(np.deg2rad(6)), abs=1.5
        )


def test_slices_that_follow_another_path_do_not_set_the_shift() -> None:
    # As measured on a head with a shift of 15 mm to the right: the two lowest slices look symmetric about a path on the
    # other side of the plane.
    shifts_mm = np.array([18.0, 14, -14, -16, -16, -15, -13])
    assert _longest_course(shifts_mm, np.arange(7)).tolist() == [2, 3, 4, 5, 6]
    assert _longest_course(shifts_mm, np.array([0, 1, 3, 6])).tolist() == [0, 1]  # 3 and 6 are too far apart
    assert _longest_course(shifts_mm, np.array([], int)).size == 0


def test_the_committed_measurements_are_right_to_2_mm() -> None:
    rows = json.loads((ROOT / "results" / "midline-shift" / "shifts.json").read_text(encoding="utf-8"))
    errors_mm = [abs(row["found_mm"] - row["made_mm"]) for row in rows if row["found_mm"] is not None]
    assert len(errors_mm) > 0.75 * len(rows)
    assert max(errors_mm) <= 2
