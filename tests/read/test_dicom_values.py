"""Values that cannot be HU are refused as NIfTI's are; mended is what is certain, and it is told."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from demo_series import change, demo_slices, hu_of, put
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, dicom
from ichor.scan import Scan
from synthetic_dicom import save, store

Slices = list[pydicom.FileDataset]


def read(folder: Path) -> Scan:
    return dicom.read(folder, ReadOptions())


def mentions(scan: Scan, text: str) -> bool:
    return any(text in warning for warning in scan.warnings)


def stored(change_values: Any, **as_: Any) -> Slices:
    """The demonstration scan with other values in its pixels, slope 1 and intercept 0."""
    slices = demo_slices()
    for one in slices:
        put(one, change_values(hu_of(one)), **as_)
    return slices


class TestNoHu:
    @pytest.mark.parametrize("added", [900, 1012, 2000])
    def test_an_intercept_that_is_not_known(self, tmp_path: Path, added: int) -> None:
        save(stored(lambda hu: np.clip(hu + added, 0, 4095), bits=12, signed=False), tmp_path)
        with pytest.raises(UnreadableInput, match=r"expected HU, where air is -1000, found .*may be missing"):
            read(tmp_path)

    @pytest.mark.parametrize("shift", [-1024, -1000, -500])
    def test_an_intercept_that_was_applied_twice(self, tmp_path: Path, shift: int) -> None:
        save(stored(lambda hu: hu + shift), tmp_path)
        with pytest.raises(UnreadableInput, match="expected soft tissue or water, 0 to 80 HU, found 0"):
            read(tmp_path)

    def test_half_an_intercept(self, tmp_path: Path) -> None:
        save(stored(lambda hu: hu + 500), tmp_path)
        with pytest.raises(UnreadableInput, match="expected HU, with air near -1000 or mostly brain"):
            read(tmp_path)

    @pytest.mark.parametrize(("level", "width"), [(40, 80), (40, 120), (35, 350), (600, 2800)])
    def test_gray_of_a_window(self, tmp_path: Path, level: int, width: int) -> None:
        slices = stored(lambda hu: np.clip((hu - level) / width + 0.5, 0, 1) * 255, bits=8, allocated=8, signed=False)
        for one in slices:
            one["PixelData"].VR = "OB"
        save(slices, tmp_path)
        with pytest.raises(UnreadableInput, match=r"expected HU, where air is -1000, found 0 to 2\d\d stored as bytes"):
            read(tmp_path)

    def test_the_same_for_inspect(self, tmp_path: Path) -> None:
        save(stored(lambda hu: hu + 2000, bits=12, signed=False), tmp_path)
        with pytest.raises(UnreadableInput, match="expected HU"):
            dicom.inspect(tmp_path, ReadOptions())

    def test_a_skull_stripped_brain_in_hu_is_read(self, tmp_path: Path) -> None:
        save(stored(lambda hu: np.where((hu > 0) & (hu < 80), hu, 0)), tmp_path)
        assert read(tmp_path).n_slices == 13

    def test_coarse_steps_are_reported(self, tmp_path: Path) -> None:
        slices = demo_slices()
        for one in slices:
            store(one, (hu_of(one) + 1024) // 16, bits=8, allocated=8)
            one["PixelData"].VR = "OB"
            one.RescaleSlope, one.RescaleIntercept = 16, -1024
        assert mentions(read(save(slices, tmp_path)), "Values have steps of 16 HU in 13 of 13 slices")


class TestMended:
    @pytest.mark.parametrize("empty", [True, False])
    def test_a_slope_that_is_missing(self, tmp_path: Path, empty: bool) -> None:
        slices = demo_slices()
        expected = np.stack([hu_of(one) for one in slices])
        for one in slices:
            put(one, hu_of(one), bits=12, signed=False, intercept=-1024)
            change(one, RescaleSlope=None)
            if empty:
                one.add_new("RescaleSlope", "DS", None)
        scan = read(save(slices, tmp_path))
        np.testing.assert_array_equal(scan.voxels, expected)
        assert mentions(scan, "13 slices with only one of Rescale Slope and Intercept")

    def test_an_intercept_that_is_missing_and_was_zero(self, tmp_path: Path) -> None:
        slices = demo_slices(RescaleIntercept=None)
        scan = read(save(slices, tmp_path))
        np.testing.assert_array_equal(scan.voxels, np.stack([hu_of(one) for one in slices]))
        assert mentions(scan, "only one of Rescale Slope and Intercept")

    @pytest.mark.parametrize("added", [1000, 1024])
    @pytest.mark.parametrize(
        "header", [{}, {"RescaleIntercept": None}, {"RescaleIntercept": None, "RescaleSlope": None}]
    )
    def test_a_lost_intercept_is_restored_where_it_is_certain(
        self, tmp_path: Path, added: int, header: dict[str, Any]
    ) -> None:
        expected = np.stack([hu_of(one) for one in demo_slices()])
        slices = stored(lambda hu: hu + added, bits=12, signed=False)
        for one in slices:
            change(one, **header)
        scan = read(save(slices, tmp_path))
        np.testing.assert_array_equal(scan.voxels, expected)
        assert mentions(scan, f"{added} had been added to the HU, without a Rescale Intercept")

    def test_a_sign_that_was_lost(self, tmp_path: Path) -> None:
        slices = demo_slices()
        expected = np.stack([hu_of(one) for one in slices])
        for one in slices:
            put(one, hu_of(one), bits=16, signed=True)
            one.PixelRepresentation = 0
        again = copy.deepcopy(slices[3])
        again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        scan = read(save([*slices, again], tmp_path))
        np.testing.assert_array_equal(scan.voxels, expected)
        assert mentions(scan, "Negative HU were stored as unsigned numbers")
        assert mentions(scan, "1 slice left out: identical pixels at the same position.")


class TestBits:
    @staticmethod
    def metal(signed: bool) -> tuple[Slices, np.ndarray]:
        """12 bits stored, and bone so bright that it takes 13."""
        slices = demo_slices()
        hu = np.stack([hu_of(one) for one in slices])
        hu[hu > 1200] = 4500
        added = 0 if signed else 1024
        for one, pixels in zip(slices, hu, strict=True):
            put(one, pixels, bits=16, signed=signed, intercept=-added)
            one.BitsStored, one.HighBit = 12, 11
        return slices, hu

    @pytest.mark.parametrize("signed", [True, False])
    def test_values_that_bits_stored_cannot_hold(self, tmp_path: Path, signed: bool) -> None:
        slices, hu = self.metal(signed)
        scan = read(save(slices, tmp_path))
        np.testing.assert_array_equal(scan.voxels, hu)
        assert mentions(scan, "Bits Stored (12) is too small for the brightest values of")

    def test_overlays_are_not_part_of_the_values(self, tmp_path: Path) -> None:
        slices, hu = self.metal(signed=False)
        for one in slices:
            one.add_new(0x60000100, "US", 16)
            one.add_new(0x60000102, "US", 12)
        scan = read(save(slices, tmp_path))
        assert scan.voxels.max() < 3072
        assert np.array_equal(scan.voxels[hu < 3000], hu[hu < 3000])
        assert not mentions(scan, "Bits Stored")

    def test_bits_at_any_position_are_masked_and_reported(self, tmp_path: Path) -> None:
        """As burned-in text of an overlay that the header no longer tells of."""
        slices = demo_slices()
        hu = np.stack([hu_of(one) for one in slices])
        for one, pixels in zip(slices, hu, strict=True):
            values = pixels + 1024
            values[5:12, 5:40] |= 0x1000
            put(one, values - 1024, bits=16, signed=False, intercept=-1024)
            one.BitsStored, one.HighBit = 12, 11
        scan = read(save(slices, tmp_path))
        np.testing.assert_array_equal(scan.voxels, hu)
        assert mentions(scan, "13 slices with bits set beyond Bits Stored (12)")
