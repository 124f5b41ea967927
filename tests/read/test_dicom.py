"""Public DICOM series, read as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from ichor.errors import UnreadableInput
from ichor.read import dicom
from ichor.read.base import ReadOptions
from paths import GE_HEAD_PART


def test_ge_head() -> None:
    scan = dicom.read(GE_HEAD_PART, ReadOptions())
    assert scan.voxels.shape == (9, 512, 512)
    assert scan.voxels.dtype == np.int16
    assert scan.voxels.min() == -1024
    assert scan.warnings == ()
    assert scan.tilt_deg == pytest.approx(18.5, abs=0.02)
    assert scan.thickness_mm is not None
    assert sorted(set(scan.thickness_mm)) == [4.0, 7.0]
    distances = scan.slice_distances_mm
    assert distances is not None
    assert distances.min() == pytest.approx(1.08, abs=0.01)
    assert distances.max() == pytest.approx(7.0, abs=0.01)


def test_each_slice_of_ge_head_holds_its_own_pixels() -> None:
    scan = dicom.read(GE_HEAD_PART, ReadOptions())
    assert scan.positions_mm is not None
    for file in sorted(GE_HEAD_PART.glob("*.dcm"))[::3]:
        image = pydicom.dcmread(file)
        k = scan.source.instance_uids.index(image.SOPInstanceUID)
        np.testing.assert_array_equal(scan.voxels[k], np.maximum(image.pixel_array, -1024))
        np.testing.assert_allclose(scan.positions_mm[k], image.ImagePositionPatient)


def test_phantom_folder_of_three_series(phantom: Path) -> None:
    found = dicom.inspect(phantom, ReadOptions())
    assert found.warnings == ()
    by_count = {one.n_slices: one for one in found.series}
    assert set(by_count) == {1, 6, 28}
    assert by_count[1].reason == "localizer"
    assert by_count[6].reason == "localizer (3), secondary capture (2), dose report (1)"
    chosen = by_count[28]
    assert chosen.chosen
    assert chosen.reason == "axial head CT"
    assert chosen.spacing_mm == (5.0, 5.0)
    assert chosen.tilt_deg == 0
    assert chosen.hu == (-1024, 782)
    assert [one.chosen for one in found.series].count(True) == 1
    assert dicom.accepts(phantom / "S2010" / "I10")


@pytest.mark.parametrize(("name", "reason"), [("S1000", "localizer"), ("S4010", "localizer (3)")])
def test_input_that_is_not_a_head_ct_is_refused(name: str, reason: str, phantom: Path) -> None:
    with pytest.raises(UnreadableInput) as caught:
        dicom.read(phantom / name, ReadOptions())
    message = str(caught.value)
    assert message.startswith(f"{phantom / name}: expected an axial head CT, found 1 series: {reason}")
    assert "\n" not in message


def test_a_single_slice_suggests_the_folder() -> None:
    with pytest.raises(UnreadableInput, match=r"too few slices \(1; at least 5\).*specify the folder"):
        dicom.read(GE_HEAD_PART / "14.dcm", ReadOptions())


def test_accepts() -> None:
    assert dicom.accepts(GE_HEAD_PART)
    assert dicom.accepts(GE_HEAD_PART / "14.dcm")
    assert not dicom.accepts(Path(__file__))
    assert not dicom.accepts(Path(__file__).parent)
