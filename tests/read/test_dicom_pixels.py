"""Stored pixels of every kind come out as the HU that were put in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from ichor.errors import UnreadableInput
from ichor.read import dicom
from ichor.read.base import ReadOptions
from synthetic_dicom import (
    ENHANCED_CT,
    LEGACY_ENHANCED_CT,
    ct_slices,
    enhanced_ct,
    hu_of_head,
    save,
    store,
    synthetic_series,
    transcoded,
    transfer_syntax,
)

HU = hu_of_head()


def read(path: Path) -> dicom.Scan:
    return dicom.read(path, ReadOptions())


def mentions(scan: dicom.Scan, text: str) -> bool:
    return any(text in warning for warning in scan.warnings)


def test_a_plain_series_is_read_exactly(tmp_path: Path) -> None:
    scan = read(synthetic_series(tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.voxels.dtype == np.int16
    assert scan.warnings == ()


@pytest.mark.parametrize(
    ("bits", "allocated", "high_bit", "signed"),
    [
        (10, 16, 9, False),
        (11, 16, 10, False),
        (12, 16, 11, True),
        (12, 16, 15, False),
        (12, 16, 13, True),
        (13, 16, 12, True),
        (14, 16, 13, False),
        (15, 16, 14, True),
        (16, 16, 15, True),
        (16, 16, 15, False),
        (24, 32, 23, True),
        (32, 32, 31, True),
    ],
)
def test_any_number_of_bits(tmp_path: Path, bits: int, allocated: int, high_bit: int, signed: bool) -> None:
    hu = np.clip(HU, -923, 100) if bits == 10 else HU
    offset = 0 if signed else 923 if bits == 10 else 1024
    slices = ct_slices(hu, intercept=-offset)
    for one, pixels in zip(slices, hu, strict=True):
        store(
            one,
            pixels.astype(np.int64) + offset,
            bits=bits,
            allocated=allocated,
            high_bit=high_bit,
            signed=signed,
        )
    np.testing.assert_array_equal(read(save(slices, tmp_path)).voxels, hu)


@pytest.mark.parametrize("signed", [False, True])
def test_overlays_in_unused_bits_are_masked(tmp_path: Path, signed: bool) -> None:
    offset = 0 if signed else 1024
    slices = ct_slices(intercept=-offset)
    for one, pixels in zip(slices, HU, strict=True):
        store(one, pixels.astype(np.int64) + offset, signed=signed, unused_bits=0x5000)
    np.testing.assert_array_equal(read(save(slices, tmp_path)).voxels, HU)


def test_8_bits(tmp_path: Path) -> None:
    gray = (np.clip(HU, -1024, 1000) // 8 + 128).astype(np.int64)
    slices = ct_slices()
    for one, pixels in zip(slices, gray, strict=True):
        store(one, pixels, bits=8, allocated=8)
        one.RescaleSlope, one.RescaleIntercept = 8, -1024
    np.testing.assert_array_equal(read(save(slices, tmp_path)).voxels, gray * 8 - 1024)


def test_padding_becomes_air(tmp_path: Path) -> None:
    slices = ct_slices(intercept=0)
    for one, pixels in zip(slices, HU, strict=True):
        corner = pixels.astype(np.int64)
        corner[:3, :3] = -2000
        store(one, corner, bits=16, signed=True)
        one.add_new("PixelPaddingValue", "SS", -2000)
    expected = HU.copy()
    expected[:, :3, :3] = -1024
    np.testing.assert_array_equal(read(save(slices, tmp_path)).voxels, expected)


def test_a_range_of_padding_is_compared_before_rescale(tmp_path: Path) -> None:
    slices = ct_slices()
    for one, pixels in zip(slices, HU, strict=True):
        values = pixels.astype(np.int64) + 1024
        values[0, :3] = [4000, 4050, 4095]
        values[1, 0] = 3999
        store(one, values)
        one.add_new("PixelPaddingValue", "US", 4095)
        one.add_new("PixelPaddingRangeLimit", "US", 4000)
    scan = read(save(slices, tmp_path))
    assert (scan.voxels[:, 0, :3] == -1024).all()
    assert (scan.voxels[:, 1, 0] == 3999 - 1024).all()


def test_padding_that_the_bits_stored_cannot_hold(tmp_path: Path) -> None:
    """63536 is -2000 written unsigned; its low 12 bits, 2096, are bone and must stay."""
    slices = ct_slices()
    for one, pixels in zip(slices, HU, strict=True):
        store(one, pixels.astype(np.int64) + 1024)
        containers = np.frombuffer(one.PixelData, "<u2").copy()
        containers[:2] = 63536, 2096
        one.PixelData = containers.tobytes()
        one.add_new("PixelPaddingValue", "US", 63536)
    scan = read(save(slices, tmp_path))
    assert (scan.voxels[:, 0, 0] == -1024).all()
    assert (scan.voxels[:, 0, 1] == 2096 - 1024).all()


def test_values_below_air_are_clamped(tmp_path: Path) -> None:
    lower = np.where(HU < -500, HU - 500, HU)
    slices = ct_slices(lower)
    for one, pixels in zip(slices, lower, strict=True):
        store(one, pixels.astype(np.int64) + 1024, bits=16, signed=True)
    np.testing.assert_array_equal(read(save(slices, tmp_path)).voxels, np.maximum(lower, -1024))


@pytest.mark.parametrize("signed", [False, True])
def test_monochrome1_is_turned_back(tmp_path: Path, signed: bool) -> None:
    intercept = 0 if signed else -1024
    slices = ct_slices(intercept=intercept)
    for one, pixels in zip(slices, HU, strict=True):
        stored = pixels.astype(np.int64) - intercept
        store(one, -1 - stored if signed else 4095 - stored, signed=signed)
        one.PhotometricInterpretation = "MONOCHROME1"
    scan = read(save(slices, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert mentions(scan, "MONOCHROME1")


@pytest.mark.parametrize("signed", [False, True])
def test_monochrome1_of_values_that_are_hu_is_left_as_it_is(tmp_path: Path, signed: bool) -> None:
    """The standard's own meaning: shown inverted, not stored inverted."""
    intercept = 0 if signed else -1024
    slices = ct_slices(intercept=intercept)
    for one, pixels in zip(slices, HU, strict=True):
        store(one, pixels.astype(np.int64) - intercept, signed=signed)
        one.PhotometricInterpretation = "MONOCHROME1"
    scan = read(save(slices, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert mentions(scan, "MONOCHROME1")


def test_absent_rescale_of_values_that_are_hu(tmp_path: Path) -> None:
    slices = ct_slices(intercept=0)
    for one, pixels in zip(slices, HU, strict=True):
        store(one, pixels, bits=16, signed=True)
        del one.RescaleSlope, one.RescaleIntercept
    scan = read(save(slices, tmp_path))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert mentions(scan, "without Rescale Slope")


def test_absent_rescale_of_values_that_cannot_be_hu(tmp_path: Path) -> None:
    slices = ct_slices(intercept=-1500)
    for one in slices:
        del one.RescaleSlope, one.RescaleIntercept
    with pytest.raises(UnreadableInput, match=r"expected Rescale Slope and Intercept.*found neither.*from \d+ to"):
        read(save(slices, tmp_path))


def test_tissue_of_the_padding_value_stays_tissue(tmp_path: Path) -> None:
    """0 is named as padding and is water too: only what reaches the border is padding."""
    slices = ct_slices(intercept=0)
    expected = HU.copy()
    for k, (one, pixels) in enumerate(zip(slices, HU, strict=True)):
        values = pixels.astype(np.int64)
        values[:2, :2] = 0
        values[10:12, 10:12] = 0
        store(one, values, bits=16, signed=True)
        one.add_new("PixelPaddingValue", "SS", 0)
        expected[k, :2, :2], expected[k, 10:12, 10:12] = -1024, 0
    np.testing.assert_array_equal(read(save(slices, tmp_path)).voxels, expected)


def test_padding_is_not_air_where_rescale_is_absent(tmp_path: Path) -> None:
    slices = ct_slices()
    for one, pixels in zip(slices, HU, strict=True):
        values = pixels.astype(np.int64) + 1500
        values[:3, :3] = 0
        store(one, values)
        one.add_new("PixelPaddingValue", "US", 0)
        del one.RescaleSlope, one.RescaleIntercept
    with pytest.raises(UnreadableInput, match="expected Rescale Slope and Intercept"):
        read(save(slices, tmp_path))


def test_padding_stays_air_where_a_lost_intercept_is_restored(tmp_path: Path) -> None:
    slices = ct_slices()
    expected = HU.copy()
    for k, (one, pixels) in enumerate(zip(slices, HU, strict=True)):
        values = pixels.astype(np.int64) + 1024
        values[:3, :3], expected[k, :3, :3] = 0, -1024
        store(one, values)
        one.add_new("PixelPaddingValue", "US", 0)
        del one.RescaleSlope, one.RescaleIntercept
    scan = read(save(slices, tmp_path))
    np.testing.assert_array_equal(scan.voxels, expected)
    assert mentions(scan, "1024 had been added")


def test_every_slice_has_its_own_rescale(tmp_path: Path) -> None:
    def change(one: pydicom.Dataset, k: int) -> None:
        one.RescaleSlope, one.RescaleIntercept = (1, -1024) if k % 2 else (2, -2048)
        store(one, (HU[k].astype(np.int64) - int(one.RescaleIntercept)) // int(one.RescaleSlope))

    scan = read(synthetic_series(tmp_path, change=change))
    np.testing.assert_array_equal(scan.voxels[1::2], HU[1::2])
    np.testing.assert_array_equal(scan.voxels[::2], np.maximum(HU[::2] // 2 * 2, -1024))


def test_a_fractional_slope_gives_float32(tmp_path: Path) -> None:
    def change(one: pydicom.Dataset, k: int) -> None:
        one.RescaleSlope = 0.5
        store(one, 2 * (HU[k].astype(np.int64) + 1024) + 1, bits=16)

    scan = read(synthetic_series(tmp_path, change=change))
    assert scan.voxels.dtype == np.float32
    np.testing.assert_allclose(scan.voxels, HU + 0.5)


def test_values_without_tissue_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"expected HU of a head .* found -1000 to -900"):
        read(synthetic_series(tmp_path, np.clip(HU, -1000, -900)))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_native_syntaxes(tmp_path: Path, syntax: str) -> None:
    slices = ct_slices()
    for one in slices:
        one.file_meta.TransferSyntaxUID = syntax
    folder = save(slices, tmp_path)
    assert transfer_syntax(folder) == syntax
    np.testing.assert_array_equal(read(folder).voxels, HU)


def test_big_endian(tmp_path: Path) -> None:
    folder = transcoded(ct_slices(), tmp_path / "packed", "ExplicitVRBigEndian")
    assert transfer_syntax(folder) == ExplicitVRBigEndian
    np.testing.assert_array_equal(read(folder).voxels, HU)


# By GDCM's encoders, so that pixels do not pass through the same library both ways.
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("JPEGLosslessProcess14", "1.2.840.10008.1.2.4.57"),
        ("JPEGLosslessProcess14_1", "1.2.840.10008.1.2.4.70"),
        ("JPEGLSLossless", "1.2.840.10008.1.2.4.80"),
        ("JPEG2000Lossless", "1.2.840.10008.1.2.4.90"),
        ("RLELossless", "1.2.840.10008.1.2.5"),
    ],
)
def test_lossless_syntaxes_are_exact(tmp_path: Path, name: str, syntax: str, signed: bool) -> None:
    offset = 0 if signed else 1024
    slices = ct_slices(intercept=-offset)
    for one, pixels in zip(slices, HU, strict=True):
        store(one, pixels.astype(np.int64) + offset, bits=16 if signed else 12, signed=signed)
    folder = transcoded(slices, tmp_path / "packed", name)
    assert transfer_syntax(folder) == syntax
    np.testing.assert_array_equal(read(folder).voxels, HU)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_lossless_syntaxes_of_other_encoders(tmp_path: Path, syntax: str, signed: bool) -> None:
    offset = 0 if signed else 1024
    slices = ct_slices(intercept=-offset)
    for one, pixels in zip(slices, HU, strict=True):
        store(one, pixels.astype(np.int64) + offset, signed=signed)
        one.compress(syntax)
    folder = save(slices, tmp_path)
    assert transfer_syntax(folder) == syntax
    np.testing.assert_array_equal(read(folder).voxels, HU)


def test_rle_keeps_bits_that_are_masked(tmp_path: Path) -> None:
    slices = ct_slices()
    for one, pixels in zip(slices, HU, strict=True):
        store(one, pixels.astype(np.int64) + 1024, high_bit=13, unused_bits=0x4001)
        one.compress(RLELossless, encoding_plugin="pylibjpeg")
    np.testing.assert_array_equal(read(save(slices, tmp_path)).voxels, HU)


def test_jpeg_ls_near_lossless(tmp_path: Path) -> None:
    slices = ct_slices()
    for one in slices:
        one.compress(JPEGLSNearLossless, jls_error=3)
    assert np.abs(read(save(slices, tmp_path)).voxels - HU).max() <= 3


def test_jpeg_2000_lossy(tmp_path: Path) -> None:
    folder = transcoded(ct_slices(smooth()), tmp_path / "packed", "JPEG2000")
    assert transfer_syntax(folder) == "1.2.840.10008.1.2.4.91"
    assert np.abs(read(folder).voxels - smooth()).max() <= 8


def test_jpeg_extended_of_12_bits(tmp_path: Path) -> None:
    folder = transcoded(ct_slices(smooth()), tmp_path / "packed", "JPEGExtendedProcess2_4")
    assert transfer_syntax(folder) == "1.2.840.10008.1.2.4.51"
    assert np.abs(read(folder).voxels - smooth()).max() <= 8


def test_jpeg_baseline_of_8_bits(tmp_path: Path) -> None:
    gray = (smooth().astype(np.int64) + 1024) // 8
    slices = ct_slices()
    for one, pixels in zip(slices, gray, strict=True):
        store(one, pixels, bits=8, allocated=8)
        one.RescaleSlope = 8
    folder = transcoded(slices, tmp_path / "packed", "JPEGBaselineProcess1")
    assert transfer_syntax(folder) == "1.2.840.10008.1.2.4.50"
    assert np.abs(read(folder).voxels - (gray * 8 - 1024)).max() <= 3 * 8


def smooth() -> np.ndarray:
    """Slices with slow changes from air to tissue, which lossy encoders keep within a few HU."""
    z, y, x = np.meshgrid(np.arange(8), np.arange(40), np.arange(36), indexing="ij")
    return np.rint(550 * np.sin(x / 9) * np.cos(y / 9) - 440 + 10 * z).astype(np.int16)


def test_a_syntax_nothing_decodes_is_named(tmp_path: Path) -> None:
    slices = ct_slices()
    for one in slices:
        one.PixelData = encapsulate([one.PixelData])
        one["PixelData"].is_undefined_length = True
        one.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
    with pytest.raises(UnreadableInput, match=r"no decoder for the transfer syntax MPEG2 Main Profile"):
        read(save(slices, tmp_path))


def test_damaged_compressed_pixels_are_excluded(tmp_path: Path) -> None:
    slices = ct_slices()
    for k, one in enumerate(slices):
        one.compress(JPEG2000Lossless)
        if k == 7:
            one.PixelData = encapsulate([b"\xff\x4f" + bytes(200)])
    scan = read(save(slices, tmp_path, names=[f"{k}.dcm" for k in range(8)]))
    assert scan.n_slices == 7
    assert mentions(scan, "7.dcm: JPEG 2000 Image Compression (Lossless Only) pixel data could not be decoded")


@pytest.mark.parametrize("sop_class", [ENHANCED_CT, LEGACY_ENHANCED_CT])
@pytest.mark.parametrize("compressed", [False, True])
def test_one_multi_frame_file(tmp_path: Path, sop_class: str, compressed: bool) -> None:
    one = enhanced_ct(HU, spacing=4.0, sop_class=sop_class)
    if compressed:
        one.compress(JPEG2000Lossless)
    path = tmp_path / "enhanced.dcm"
    one.save_as(path, enforce_file_format=True)
    scan = read(path)
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.source.frame_numbers == tuple(range(8, 0, -1))
    assert set(scan.source.instance_uids) == {one.SOPInstanceUID}
    assert scan.slice_distances_mm is not None
    np.testing.assert_allclose(scan.slice_distances_mm, 4.0)
    assert scan.source.path == path
