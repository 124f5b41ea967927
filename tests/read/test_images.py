"""Folders of JPG and PNG slices as viewers, the dataset and phones leave them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, open_scan
from ichor.windows import BRAIN, SUBDURAL
from paths import CT_ICH_PART
from phantom import head


def gray() -> np.ndarray:
    """(8, 40, 36) uint8, the phantom in the brain window."""
    return np.rint(BRAIN.gray(head())).astype(np.uint8)


def save(folder: Path, slices: np.ndarray, name: str = "{}.png", first: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    for k, pixels in enumerate(slices, first):
        Image.fromarray(pixels).save(folder / name.format(k))
    return folder


def refusal(path: Path, options: ReadOptions | None = None) -> str:
    with pytest.raises(UnreadableInput) as caught:
        open_scan(path, options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_slices_are_ordered_by_number_and_the_lowest_is_first(tmp_path: Path) -> None:
    slices = np.concatenate([gray(), gray()[::-1]])  # 16 of them: 10 must not come before 2
    scan = open_scan(save(tmp_path / "slices", slices))
    np.testing.assert_array_equal(scan.voxels, slices)
    assert scan.voxels.dtype == np.uint8
    assert scan.gray_window == BRAIN
    assert scan.pixel_mm is None and scan.positions_mm is None and scan.thickness_mm is None
    assert "1.png is taken as the lowest slice" in scan.warnings[0]
    assert "no volume in mL" in scan.warnings[1]


def test_the_numbers_of_a_name_are_compared_one_by_one(tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray()[:3], "IMG-0001-{:05}.png", first=9)
    np.testing.assert_array_equal(open_scan(folder).voxels, gray()[:3])


def test_window_and_sizes_are_those_given_by_the_user(tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray())
    scan = open_scan(folder, ReadOptions(gray_window=SUBDURAL, pixel_mm=0.45, slice_mm=5.0))
    assert scan.gray_window == SUBDURAL
    assert scan.spacing_mm == (0.45, 0.45, 5.0)
    np.testing.assert_array_equal(scan.positions_mm[:, 2], np.arange(8) * 5.0)
    np.testing.assert_allclose(scan.hu.max(), 180)
    assert len(scan.warnings) == 1


@pytest.mark.parametrize("option", ["pixel_mm", "slice_mm"])
def test_a_size_that_is_not_positive_is_refused(option: str, tmp_path: Path) -> None:
    message = refusal(save(tmp_path / "slices", gray()), ReadOptions(**{option: -1.0}))
    assert "of 0.05 to 10 mm" in message or ("of 0.01 to 100 mm" in message and "found -1 mm" in message)


def test_jpg_png_upper_case_and_gray_stored_as_color_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "slices"
    folder.mkdir()
    one = gray()[4]
    Image.fromarray(one).save(folder / "1.png")
    Image.fromarray(one).save(folder / "2.JPG", quality=95)
    Image.fromarray(one).convert("RGB").save(folder / "3.jpeg", quality=90)
    Image.fromarray(one).convert("RGBA").save(folder / "4.png")
    Image.fromarray(one).convert("P").save(folder / "5.png")
    scan = open_scan(folder)
    assert scan.voxels.shape == (5, 40, 36)
    assert np.abs(scan.voxels.astype(int) - one).mean(axis=(1, 2)).max() < 4
    np.testing.assert_array_equal(scan.voxels[[0, 3, 4]], np.stack([one] * 3))


def test_16_bit_gray_is_brought_to_8_bits(tmp_path: Path) -> None:
    wide = gray().astype(np.uint16) * 257
    np.testing.assert_array_equal(open_scan(save(tmp_path / "slices", wide)).voxels, gray())


def test_16_bit_values_that_are_not_gray_of_a_window_are_refused(tmp_path: Path) -> None:
    stored = (head() + 1024).astype(np.uint16)
    assert "expected 16-bit gray from 0 to 65535" in refusal(save(tmp_path / "slices", stored))


def test_masks_and_hidden_files_are_not_slices(tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray())
    save(folder, gray()[:2], "{}_HGE_Seg.jpg")
    save(folder, gray()[:2], "._{}.png")
    (folder / ".3.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("seen by day")
    np.testing.assert_array_equal(open_scan(folder).voxels, gray())


def test_the_brain_window_of_a_subject_of_the_dataset_is_read() -> None:
    scan = open_scan(CT_ICH_PART / "Patients_CT" / "049" / "brain")
    assert scan.voxels.shape == (13, 650, 650)
    assert scan.source.kind == "images"


def test_a_photograph_turned_by_its_camera_is_upright(tmp_path: Path) -> None:
    folder = tmp_path / "slices"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show the image a quarter clockwise
    Image.fromarray(np.rot90(gray()[4])).save(folder / "1.png", exif=exif)
    np.testing.assert_array_equal(open_scan(folder).voxels[0], gray()[4])


def test_a_missing_number_is_reported(tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray())
    (folder / "4.png").unlink()
    assert "slices may be missing" in open_scan(folder).warnings[1]


def test_true_color_is_refused_by_name(tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray())
    painted = np.stack([gray()[0]] * 3, axis=-1)
    painted[5:9, 5:9] = 255, 0, 0
    Image.fromarray(painted).save(folder / "3.png")
    assert refusal(folder) == f"{folder / '3.png'}: expected gray, found color: channels differ by up to 255 of 255"


def test_different_sizes_and_depths_are_refused_by_name(tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray())
    Image.fromarray(gray()[0][:30]).save(folder / "5.png")
    assert refusal(folder) == f"{folder / '5.png'}: expected 36 x 40 pixels as in 1.png, found 36 x 30"
    Image.fromarray(gray()[0].astype(np.uint16)).save(folder / "5.png")
    assert refusal(folder) == f"{folder / '5.png'}: expected 8 bits as in 1.png, found 16 bits"


@pytest.mark.parametrize("content", [b"", b"not an image", b"II*\x00 a TIFF in disguise"])
def test_an_unreadable_image_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray())
    (folder / "7.png").write_bytes(content)
    assert refusal(folder).startswith(f"{folder / '7.png'}: expected a JPG or PNG image")


@pytest.mark.parametrize("name", ["{}.png", "{}.jpg"])
def test_a_truncated_image_is_refused_by_name(name: str, tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray(), name)
    file = folder / name.format(2)
    file.write_bytes(file.read_bytes()[:-200])
    assert refusal(folder).startswith(f"{file}: expected a JPG or PNG image")


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    folder = tmp_path / "slices"
    folder.mkdir()
    for size in (5000, 20000):
        Image.new("1", (size, size)).save(folder / "1.png")
        assert refusal(folder).startswith(f"{folder / '1.png'}: expected ")


def test_names_without_a_number_or_with_the_same_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray())
    shutil.copy(folder / "3.png", folder / "03.png")
    assert "expected one file per slice, found 03.png with the same number" in refusal(folder)
    (folder / "03.png").rename(folder / "cover.png")
    assert refusal(folder) == f"{folder / 'cover.png'}: expected the slice's number in the file name, found none"


def test_previews_next_to_dicom_are_not_the_scan(tmp_path: Path) -> None:
    from ichor.read import images

    folder = save(tmp_path / "export", gray()[:1])
    assert images.accepts(folder)
    (folder / "1.dcm").write_bytes(b"")
    assert not images.accepts(folder)


@pytest.mark.parametrize("name", ["1.png", "1.jpg"])
def test_an_image_with_any_bytes_wrong_is_read_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    folder = save(tmp_path / "slices", gray()[4:5], name)
    whole = (folder / name).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(100):
        raw = bytearray(whole)
        for byte in rng.integers(0, len(raw), rng.integers(1, 6)):
            raw[byte] = rng.integers(0, 256)
        (folder / name).write_bytes(raw)
        try:
            assert open_scan(folder).n_slices == 1
        except UnreadableInput as refusal:
            assert len(str(refusal).splitlines()) == 1
            refused += 1
    assert refused


def test_names_that_are_hashes_give_no_order(tmp_path: Path) -> None:
    folder = tmp_path / "hashed"
    folder.mkdir()
    names = ["1679091c5", "45c48cce2", "6512bd43d", "8f14e45fc", "a87ff679a", "c20ad4d76", "c4ca4238a", "d3d944680"]
    for name, pixels in zip(names, gray(), strict=True):
        Image.fromarray(pixels).save(folder / f"ID_{name}.png")
    assert refusal(folder) == (
        f"{folder}: expected slice numbers in the file names, found hashes (ID_1679091c5.png): the slice order is "
        "unknown; name them 1, 2, 3, ... starting at the lowest slice"
    )
    assert open_scan(save(tmp_path / "one", gray(), "ID_1679091c5_{}.png")).n_slices == 8
