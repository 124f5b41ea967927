"""Turning slices to the radiological convention and back."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from ichor.orientation import (
    RadiologicalAxes,
    from_radiological,
    radiological_axes,
    radiological_pixel_mm,
    to_radiological,
)
from ichor.scan import Scan, Source

LEFT, POSTERIOR = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])

# Image Orientation (Patient) of the positions in which a head is scanned (DICOM PS3.3 C.7.3.1.1.2).
POSITIONS = {
    "head first supine": ((LEFT, POSTERIOR), RadiologicalAxes(False, False, False)),
    "head first prone": ((-LEFT, -POSTERIOR), RadiologicalAxes(False, True, True)),
    "feet first supine": ((-LEFT, POSTERIOR), RadiologicalAxes(False, False, True)),
    "feet first prone": ((LEFT, -POSTERIOR), RadiologicalAxes(False, True, False)),
    "lying on the left": ((POSTERIOR, -LEFT), RadiologicalAxes(True, False, True)),
    "lying on the right": ((-POSTERIOR, LEFT), RadiologicalAxes(True, True, False)),
    "transposed": ((POSTERIOR, LEFT), RadiologicalAxes(True, False, False)),
}


def synthetic_scan(orientation: np.ndarray) -> Scan:
    """Every voxel holds its own number; rows lie 0.4 mm apart and columns 0.6 mm."""
    voxels = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)
    return Scan(
        voxels=voxels,
        source=Source("nifti", Path("made")),
        orientation=np.tile(orientation, (3, 1, 1)),
        pixel_mm=np.tile([0.4, 0.6], (3, 1)),
    )


@pytest.mark.parametrize("position", POSITIONS)
def test_axes_of_each_position(position: str) -> None:
    directions, expected = POSITIONS[position]
    assert radiological_axes(np.array(directions)) == expected


@pytest.mark.parametrize("position", POSITIONS)
def test_voxels_are_at_their_patient_coordinates(position: str) -> None:
    directions, _ = POSITIONS[position]
    scan = synthetic_scan(np.array(directions))
    rows, columns = np.indices(scan.voxels.shape[1:])
    place = columns[..., None] * directions[0] * 0.6 + rows[..., None] * directions[1] * 0.4
    to_the_left, to_posterior = (
        to_radiological(np.broadcast_to(place[..., axis], scan.voxels.shape), scan) for axis in (0, 1)
    )
    pixel_mm = radiological_pixel_mm(scan)
    assert pixel_mm is not None
    assert np.allclose(np.diff(to_the_left, axis=2), pixel_mm[0, 1])
    assert np.allclose(np.diff(to_posterior, axis=1), pixel_mm[0, 0])


@pytest.mark.parametrize("position", POSITIONS)
def test_back_again_is_exact(position: str) -> None:
    scan = synthetic_scan(np.array(POSITIONS[position][0]))
    assert np.array_equal(from_radiological(to_radiological(scan.voxels, scan), scan), scan.voxels)


@pytest.mark.parametrize("tilt_deg, turn_deg", list(product((-25, 0, 25), (-30, 0, 30))))
def test_a_tilted_or_turned_head_keeps_its_axes(tilt_deg: float, turn_deg: float) -> None:
    tilt, turn = np.radians([tilt_deg, turn_deg])
    along_columns = np.array([np.cos(turn), np.sin(turn), 0])
    along_rows = np.array([-np.sin(turn), np.cos(turn) * np.cos(tilt), np.sin(tilt)])
    assert radiological_axes(np.array([along_columns, along_rows])) == (False, False, False)


def test_unknown_pixel_size_stays_unknown() -> None:
    scan = Scan(voxels=np.zeros((1, 2, 2), np.int16), source=Source("images", Path("made")))
    assert radiological_pixel_mm(scan) is None
