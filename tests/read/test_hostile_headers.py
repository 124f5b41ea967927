"""Numbers in headers that no head CT has: refused or told in one line, before they cost memory or time."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, get_frame

from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, inspect, open_scan
from ichor.read.open import read_here
from ichor.scan import Scan
from phantom import head
from synthetic_dicom import ct_slices, enhanced_ct, hu_of_head, save, store, synthetic_series

HU = hu_of_head()
NAMES = [f"{k}.dcm" for k in range(len(HU))]


def refusal(path: Path, options: ReadOptions | None = None) -> str:
    """The one line that both ways of reading answer with."""
    lines = []
    for ask in (open_scan, lambda *given: read_here(given[0], given[1] or ReadOptions())):
        with pytest.raises(UnreadableInput) as refused:
            ask(path, options)
        (line,) = str(refused.value).splitlines()
        assert line.startswith(str(path)) and "expected" in line and "found" in line
        assert "does not expect" not in line
        lines.append(line)
    assert lines[0] == lines[1]
    return lines[0].removeprefix(f"{path}: ")


def series_with(folder: Path, *, only: int | None = None, **values: Any) -> Path:
    """A series whose headers say this, of all slices or of one."""

    def change(one: Any, k: int) -> None:
        for name, value in values.items():
            if only in (None, k):
                setattr(one, name, value)

    return save(ct_slices(change=change), folder, names=NAMES)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"PixelSpacing": ["1e-6", "1e-6"]}, "pixels of 1e-06 x 1e-06 mm"),
        ({"PixelSpacing": ["1e6", "1e6"]}, "pixels of 1e+06 x 1e+06 mm"),
        ({"PixelSpacing": ["0.5", "1e308"]}, "pixels of 0.5 x 1e+308 mm"),
        ({"ImagePositionPatient": ["0", "0", "1e308"]}, "slice position 1e+308 mm from the origin"),
        ({"ImagePositionPatient": ["-1e9", "0", "0"]}, "slice position 1e+09 mm from the origin"),
        ({"RescaleSlope": "1e308"}, "rescale slope 1e+308 and intercept -1024"),
        ({"RescaleSlope": "1e-300"}, "rescale slope 1e-300 and intercept -1024"),
        ({"RescaleIntercept": "-1e300"}, "rescale slope 1 and intercept -1e+300"),
        ({"Rows": 65535, "Columns": 65535}, "65535x65535 pixels"),
        ({"BitsStored": 60000}, "60000 bits stored in 16"),
        ({"BitsAllocated": 12}, "12 bits stored in 12"),
        ({"BitsStored": 12, "HighBit": 40}, "high bit 40 of 12 bits stored in 16"),
    ],
)
def test_dicom(tmp_path: Path, values: dict[str, Any], said: str) -> None:
    path = series_with(tmp_path, **values)
    assert refusal(path).startswith(f"expected an axial head CT, found 1 series: {said}")
    (one,) = inspect(path).series
    assert said in one.reason and not one.chosen


@pytest.mark.parametrize("mm", ["1e308", "-5", "-1e308", "1e-9", "400"])
def test_a_thickness_that_no_slice_has_is_unknown(tmp_path: Path, mm: str) -> None:
    scan = open_scan(series_with(tmp_path, SliceThickness=mm))
    np.testing.assert_array_equal(scan.voxels, HU)
    assert scan.thickness_mm is None
    assert scan.warnings == (f"Slice Thickness of {float(mm):g} mm is implausible: treated as unknown (8 slices).",)
    assert inspect(tmp_path).series[0].thickness_mm is None


def test_one_slice_far_off_is_excluded(tmp_path: Path) -> None:
    scan = open_scan(series_with(tmp_path, only=7, ImagePositionPatient=["0", "0", "1e308"]))
    assert scan.n_slices == 7
    assert scan.warnings == ("1 image of the series left out: slice position 1e+308 mm from the origin.",)


def test_slices_too_far_apart(tmp_path: Path) -> None:
    assert refusal(synthetic_series(tmp_path, spacing=300)) == "expected slices 0.01 to 100 mm apart, found 300 mm"


@pytest.mark.parametrize("frames", [100_000, 2_000_000_000])
@pytest.mark.parametrize("enhanced", [False, True])
def test_frames_that_are_not_there(tmp_path: Path, frames: int, enhanced: bool) -> None:
    one = enhanced_ct(HU) if enhanced else ct_slices()[0]
    one.NumberOfFrames = frames
    one.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert f"expected room for {frames} frames as stated in the header, found room for at most" in refusal(
        tmp_path / "a.dcm"
    )


def test_frames_of_compressed_pixels_that_are_not_there(tmp_path: Path) -> None:
    one = enhanced_ct(HU)
    one.compress("1.2.840.10008.1.2.5")
    one.NumberOfFrames = 500_000
    one.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert "expected room for 500000 frames" in refusal(tmp_path / "a.dcm")


@pytest.mark.parametrize(("rows", "columns"), [(40, 35), (39, 36), (41, 36), (36, 41), (20, 36)])
@pytest.mark.parametrize("syntax", ["native", "deflated", "big endian"])
def test_native_pixels_of_another_length(tmp_path: Path, rows: int, columns: int, syntax: str) -> None:
    uids = {"native": "1.2.840.10008.1.2.1", "deflated": "1.2.840.10008.1.2.1.99", "big endian": "1.2.840.10008.1.2.2"}
    slices = ct_slices()
    for one in slices:
        one.Rows, one.Columns = rows, columns
        one.file_meta.TransferSyntaxUID = uids[syntax]
        if syntax == "big endian":
            one["PixelData"].value = np.frombuffer(one.PixelData, "<u2").astype(">u2").tobytes()
    for one, name in zip(slices, NAMES, strict=True):
        pydicom.dcmwrite(tmp_path / name, one, implicit_vr=False, little_endian=syntax != "big endian")
    assert f"expected {2 * rows * columns} bytes of pixel data" in refusal_of_slice(tmp_path)


def refusal_of_slice(folder: Path) -> str:
    """What is said of a series of which no slice can be read."""
    with pytest.raises(UnreadableInput) as refused:
        open_scan(folder)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(str(folder))
    return line


def test_a_byte_that_makes_the_length_even_is_not_a_pixel(tmp_path: Path) -> None:
    hu = head(8, 41, 35)
    slices = ct_slices(hu)
    for one, pixels in zip(slices, hu, strict=True):
        store(one, (np.clip(pixels, -1024, 1000) + 1024) // 8, bits=8, allocated=8)
        one.RescaleSlope = 8
        one.PixelData += b"\0"
    assert open_scan(save(slices, tmp_path)).voxels.shape == (8, 41, 35)


def test_a_multi_frame_file_of_another_length(tmp_path: Path) -> None:
    one = enhanced_ct(HU)
    one.Columns = 35
    one.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert "expected 22400 bytes of pixel data for 8 x 40 x 35 pixels of 16 bits, found 23040" in refusal(
        tmp_path / "a.dcm"
    )


COMPRESSED = {
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG-LS near": "1.2.840.10008.1.2.4.81",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "JPEG 2000 lossy": "1.2.840.10008.1.2.4.91",
    "RLE": "1.2.840.10008.1.2.5",
}


@pytest.mark.parametrize("size", [(40, 35), (36, 40), (80, 72), (20, 18), (41, 36)])
@pytest.mark.parametrize("syntax", COMPRESSED)
@pytest.mark.parametrize("frames", ["single", "multi"])
def test_compressed_pixels_of_another_size(tmp_path: Path, syntax: str, size: tuple[int, int], frames: str) -> None:
    images = [enhanced_ct(HU)] if frames == "multi" else ct_slices()
    options = {"JPEG-LS near": {"jls_error": 2}, "JPEG 2000 lossy": {"j2k_cr": [5]}}.get(syntax, {})
    for one in images:
        one.compress(COMPRESSED[syntax], **options)
        one.Rows, one.Columns = size
    path = save(images, tmp_path, names=NAMES[: len(images)])
    if syntax == "RLE" and size[0] * size[1] == HU[0].size:
        # RLE has no size of its own: as many pixels in other rows are not told apart.
        assert open_scan(path).voxels.shape[1:] == size
        return
    line = refusal_of_slice(path / NAMES[0] if frames == "multi" else path)
    assert ("RLE Lossless pixel data could not" if syntax == "RLE" else "found 40x36 in the JPEG") in line


def test_a_codestream_that_claims_to_be_huge(tmp_path: Path) -> None:
    """Its header and the DICOM one differ: no decoder is given it."""
    slices = ct_slices()
    for one in slices:
        one.compress(COMPRESSED["JPEG 2000"])
        codestream = bytearray(get_frame(one.PixelData, 0, number_of_frames=1))
        at = codestream.index(b"\xff\x4f\xff\x51") + 8
        codestream[at : at + 8] = struct.pack(">II", 2**31, 2**31)
        one.PixelData = encapsulate([bytes(codestream)])
    assert "expected 40x36 pixels, found 2147483648x2147483648" in refusal_of_slice(save(slices, tmp_path))


def nifti(path: Path, **fields: Any) -> Path:
    """A head whose header says this."""
    image = nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), np.diag([-0.5, -0.5, 5.0, 1.0]))
    nib.save(image, path)
    opened: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        content = bytearray(file.read())
    for name, value in fields.items():
        kind, at = image.header.template_dtype.fields[name][:2]
        content[at : at + kind.itemsize] = np.asarray(value, kind.base).tobytes()
    with opened(path, "wb") as file:
        file.write(content)
    return path


def pixdim(pixel_mm: float, distance_mm: float) -> dict[str, Any]:
    """The field of that name, so that it does not contradict the sform."""
    return {"pixdim": [1, pixel_mm, pixel_mm, distance_mm, 1, 1, 1, 1]}


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"dim": [3, 1024, 1024, 1024, 1, 1, 1, 1], "datatype": 64, "bitpix": 64}, "8589934944 bytes expected"),
        ({"dim": [3, 32767, 32767, 32767, 1, 1, 1, 1]}, "expected 1 to 1073741824 voxels"),
        ({"dim": [3, -4, 40, 8, 1, 1, 1, 1]}, "expected"),
        ({"vox_offset": 1.9e9}, "bytes expected"),
        ({"vox_offset": 1e30}, "bytes expected"),
        ({"vox_offset": float("nan")}, "expected a complete NIfTI file"),
        ({"vox_offset": -352}, "expected a complete NIfTI file"),
        (
            {"srow_x": [-1e-6, 0, 0, 0], "srow_y": [0, -1e-6, 0, 0], "srow_z": [0, 0, 1e-5, 0], **pixdim(1e-6, 1e-5)},
            "expected pixels of 0.05",
        ),
        (
            {"srow_x": [-1e6, 0, 0, 0], "srow_y": [0, -1e6, 0, 0], "srow_z": [0, 0, 1e6, 0], **pixdim(1e6, 1e6)},
            "expected pixels of 0.05",
        ),
        ({"srow_z": [0, 0, 5, 1e7]}, "expected slices within 100000 mm of the origin"),
        ({"srow_z": [0, 0, 500, 0], **pixdim(0.5, 500)}, "expected slices 0.01 to 100 mm apart, found 500 mm"),
        ({"xyzt_units": 1}, "expected pixels of 0.05 to 10 mm, found 500 mm"),
        ({"xyzt_units": 3}, "expected pixels of 0.05 to 10 mm, found 0.0005 mm"),
        ({"scl_slope": 1e38}, "expected"),
    ],
)
def test_nifti(tmp_path: Path, suffix: str, fields: dict[str, Any], said: str) -> None:
    assert said in refusal(nifti(tmp_path / f"head{suffix}", **fields))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_an_extension_that_claims_to_be_huge_is_passed_over(tmp_path: Path, suffix: str) -> None:
    path = nifti(tmp_path / f"head{suffix}")
    opened: Callable[..., Any] = gzip.open if suffix == ".nii.gz" else open
    with opened(path, "rb") as file:
        content = bytearray(file.read())
    extension = struct.pack("<4B2i", 1, 0, 0, 0, 1_900_000_000, 6) + bytes(8)
    content[108:112] = struct.pack("<f", 352 + 16)
    with opened(path, "wb") as file:
        file.write(content[:348] + extension + bytes(4) + content[352:])
    assert open_scan(path).n_slices == 8


def images(folder: Path) -> Path:
    from PIL import Image

    for k, one in enumerate(head(), 1):
        Image.fromarray(np.clip(one, 0, 255).astype(np.uint8)).save(folder / f"{k}.png")
    return folder


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ReadOptions(pixel_mm=1e-6, slice_mm=5), "expected a pixel size of 0.05 to 10 mm, found 1e-06 mm"),
        (ReadOptions(pixel_mm=1e6, slice_mm=5), "expected a pixel size of 0.05 to 10 mm, found 1e+06 mm"),
        (ReadOptions(pixel_mm=0.5, slice_mm=1e308), "expected a slice distance of 0.01 to 100 mm, found 1e+308 mm"),
        (ReadOptions(pixel_mm=0.5, slice_mm=500), "expected a slice distance of 0.01 to 100 mm, found 500 mm"),
        (ReadOptions(pixel_mm=float("nan"), slice_mm=5), "expected a pixel size of 0.05 to 10 mm, found nan mm"),
    ],
)
def test_sizes_given_by_the_user(tmp_path: Path, options: ReadOptions, said: str) -> None:
    assert said in refusal(images(tmp_path), options)


def mentions(scan: Scan, text: str) -> bool:
    return any(text in warning for warning in scan.warnings)


@pytest.mark.parametrize(("bits", "signed"), [(16, True), (12, True), (12, False), (16, False)])
def test_pixels_that_are_signed_where_the_header_says_otherwise(tmp_path: Path, bits: int, signed: bool) -> None:
    hu = np.where(HU > 500, HU + 800, HU)  # dense bone, above 2048 where 1024 was added
    slices = ct_slices(hu, intercept=0 if signed else -1024)
    for one, pixels in zip(slices, hu, strict=True):
        store(one, pixels.astype(np.int64) + (0 if signed else 1024), bits=bits, signed=signed)
    assert not open_scan(save(slices, tmp_path / "right")).warnings
    if bits == 16 and not signed:
        return  # 16 bits of numbers below 32768 are the same either way
    for one in slices:
        one.PixelRepresentation = int(not signed)
    folder = save(slices, tmp_path / "wrong")
    if signed and bits == 16:  # air is the brightest then, where no CT has values
        scan = open_scan(folder)
        np.testing.assert_array_equal(scan.voxels, hu)
        assert mentions(scan, "they are read as signed")
    elif signed:
        assert "expected HU, where air is -1000" in refusal(folder)
    else:
        assert mentions(open_scan(folder), "are more consistent as unsigned numbers")


def test_a_negative_slope(tmp_path: Path) -> None:
    slices = ct_slices(intercept=0)
    for one, pixels in zip(slices, HU, strict=True):
        store(one, pixels, bits=16, signed=True)
        one.RescaleSlope = -1
    scan = open_scan(save(slices, tmp_path))
    assert mentions(scan, "Rescale Slope is negative in 8 of 8 slices")


@pytest.mark.parametrize("slope", ["1e308", "-1e308", "1e-300"])
def test_one_slice_with_a_slope_that_none_has(tmp_path: Path, slope: str) -> None:
    scan = open_scan(series_with(tmp_path, only=3, RescaleSlope=slope))
    assert scan.n_slices == 7
    assert mentions(scan, "1 image of the series left out: rescale slope")


@pytest.mark.parametrize("k", [0, 3, 7])
@pytest.mark.parametrize("values", [{"RescaleIntercept": 0}, {"RescaleSlope": 2}, {"RescaleSlope": -1}])
def test_one_slice_with_another_rescale(tmp_path: Path, k: int, values: dict[str, Any]) -> None:
    scan = open_scan(series_with(tmp_path, only=k, **values))
    assert mentions(scan, f"Rescale Slope and Intercept of slices {k + 1} differ")


def test_slices_with_valid_different_rescale_cause_no_warning(tmp_path: Path) -> None:
    def change(one: Any, k: int) -> None:
        one.RescaleSlope, one.RescaleIntercept = (1, -1024) if k % 3 else (2, -2048)
        store(one, (HU[k].astype(np.int64) - int(one.RescaleIntercept)) // int(one.RescaleSlope))

    assert open_scan(synthetic_series(tmp_path, change=change)).warnings == ()


def test_links_in_a_circle(tmp_path: Path) -> None:
    for name in ("a.nii", "a.zip", "a.dcm", "a"):
        (tmp_path / name).symlink_to(tmp_path / name)
        assert "found nothing at that path" in refusal(tmp_path / name)
    folder = synthetic_series(tmp_path / "series")
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "back").symlink_to(folder, target_is_directory=True)
    assert open_scan(folder).n_slices == 8
