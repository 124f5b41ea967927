"""NRRD and MetaImage, as ITK writes them and as others do, attached and detached; hostile headers among them."""

from __future__ import annotations

import sys
from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from ichor.errors import UnreadableInput
from ichor.formats.nifti import write_mask
from ichor.read import ReadOptions, open_scan
from ichor.read.budget import size_of
from ichor.read.open import read_here
from ichor.read.paired_files import files_of
from ichor.scan import RADIOLOGICAL, Scan
from phantom import head

SPACING, ORIGIN = (0.5, 0.6, 5.0), (-9.0, -12.0, 100.0)
NAMES = ["a.mha", "a.mhd", "a.nrrd", "a.nhdr"]


def image_of(hu: np.ndarray) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(hu)
    image.SetSpacing(SPACING)
    image.SetOrigin(ORIGIN)
    return image


def write(image: SimpleITK.Image, path: Path, *, packed: bool = False) -> Path:
    SimpleITK.WriteImage(image, str(path), useCompression=packed)
    return path


def refusal(path: Path) -> str:
    """The one line; it names the file."""
    with pytest.raises(UnreadableInput) as caught:
        open_scan(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: expected ") and "found" in message and "\n" not in message
    return message.removeprefix(f"{path}: ")


def assert_mask_fits(scan: Scan, image: SimpleITK.Image, tmp_path: Path) -> None:
    """A mask written for the scan lies on the source's own grid in ITK, voxel by voxel."""
    write_mask(scan.voxels > 60, scan, tmp_path / "mask.nii.gz")
    mask = SimpleITK.ReadImage(str(tmp_path / "mask.nii.gz"))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(mask) == 1, SimpleITK.GetArrayFromImage(image) > 60)
    np.testing.assert_allclose(mask.GetSpacing(), image.GetSpacing(), atol=1e-4)
    np.testing.assert_allclose(mask.GetOrigin(), image.GetOrigin(), atol=1e-3)
    np.testing.assert_allclose(mask.GetDirection(), image.GetDirection(), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [np.int16, np.int32, np.uint16, np.float32, np.float64])
def test_files_written_by_itk_are_read(tmp_path: Path, name: str, packed: bool, kind: type) -> None:
    hu = head() if kind is not np.uint16 else head().view(np.uint16)
    image = image_of(hu.astype(kind))
    scan = open_scan(write(image, tmp_path / name, packed=packed))
    np.testing.assert_array_equal(scan.voxels, head())
    np.testing.assert_allclose(scan.positions_mm[0], ORIGIN)
    np.testing.assert_allclose(scan.orientation[0], RADIOLOGICAL)
    assert scan.spacing_mm == pytest.approx((0.6, 0.5, 5.0))
    assert scan.source.path == tmp_path / name
    assert len(scan.warnings) == (kind is np.uint16)


@pytest.mark.parametrize("name", ["a.mha", "a.nrrd"])
@pytest.mark.parametrize("axes", ["".join(a) for o in permutations(("RL", "AP", "SI")) for a in product(*o)])
def test_every_orientation_is_the_same_head(tmp_path: Path, name: str, axes: str) -> None:
    image = SimpleITK.DICOMOrient(image_of(head()), axes)
    scan = read_here(write(image, tmp_path / name), ReadOptions())
    np.testing.assert_array_equal(scan.voxels, head())
    np.testing.assert_allclose(scan.positions_mm[0], ORIGIN, atol=1e-6)
    assert scan.spacing_mm == pytest.approx((0.6, 0.5, 5.0))
    assert not scan.warnings
    assert_mask_fits(scan, image, tmp_path)


@pytest.mark.parametrize("name", ["a.mha", "a.nrrd"])
def test_an_oblique_grid_keeps_its_directions(tmp_path: Path, name: str) -> None:
    image = image_of(head())
    turn = SimpleITK.Euler3DTransform((0, 0, 0), 0.3, -0.2, 0.4).GetMatrix()
    image.SetDirection(turn)
    scan = read_here(write(image, tmp_path / name), ReadOptions())
    for k, row, column in ((0, 0, 0), (7, 39, 35), (3, 10, 20)):
        place = scan.positions_mm[k] + scan.orientation[k, 0] * column * 0.5 + scan.orientation[k, 1] * row * 0.6
        np.testing.assert_allclose(place, image.TransformIndexToPhysicalPoint((column, row, k)), atol=1e-6)
    assert_mask_fits(scan, image, tmp_path)


def meta(path: Path, *lines: str, data: bytes | None = None, without: tuple[str, ...] = ()) -> Path:
    """A MetaImage header by hand; `lines` replace those of their names, and voxels follow."""
    fields = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "-9 -12 100",
        "ElementSpacing": "0.5 0.6 5",
        "DimSize": "36 40 8",
        "ElementType": "MET_SHORT",
    }
    fields |= dict(line.split(" = ", 1) for line in lines if " = " in line)
    last = fields.pop("ElementDataFile", "LOCAL")
    text = "".join(f"{name} = {value}\n" for name, value in fields.items() if name not in without)
    text += "".join(f"{line}\n" for line in lines if " = " not in line) + f"ElementDataFile = {last}\n"
    path.write_bytes(text.encode() + (head().tobytes() if data is None else data))
    return path


def nrrd(path: Path, *lines: str, data: bytes | None = None, without: tuple[str, ...] = ()) -> Path:
    """An NRRD header by hand, in the same way."""
    fields = {
        "type": "short",
        "dimension": "3",
        "space": "left-posterior-superior",
        "sizes": "36 40 8",
        "space directions": "(0.5,0,0) (0,0.6,0) (0,0,5)",
        "kinds": "domain domain domain",
        "endian": "little",
        "encoding": "raw",
        "space origin": "(-9,-12,100)",
    }
    fields |= dict(line.split(": ", 1) for line in lines if ": " in line)
    text = "NRRD0004\n# comment\n" + "".join(f"{k}: {v}\n" for k, v in fields.items() if k not in without)
    text += "".join(f"{line}\n" for line in lines if ": " not in line) + "\n"
    path.write_bytes(text.encode() + (head().tobytes() if data is None else data))
    return path


@pytest.mark.parametrize("space", ["RAS", "right-anterior-superior", "LAS", "left-anterior-superior", "LPS"])
def test_a_space_of_nrrd_is_that_of_itk(tmp_path: Path, space: str) -> None:
    path = nrrd(tmp_path / "a.nrrd", f"space: {space}", "space directions: (-0.5,0,0) (0,-0.6,0.01) (0,0,5)")
    image = SimpleITK.ReadImage(str(path))
    scan = read_here(path, ReadOptions())
    affine = scan.source.nifti.affine
    for index in ((0, 0, 0), (35, 39, 7)):
        expected = image.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose((affine @ [*index, 1])[:3] * [-1, -1, 1], expected, atol=1e-3)


def test_information_missing_in_a_header_is_reported(tmp_path: Path) -> None:
    told = "left and right, front and back"
    unnamed = nrrd(tmp_path / "u.nrrd")
    unnamed.write_bytes(unnamed.read_bytes().replace(b"space: left-posterior-superior", b"space dimension: 3"))
    for path in (
        meta(tmp_path / "a.mha", without=("TransformMatrix",)),
        unnamed,
        nrrd(tmp_path / "b.nrrd", "space: scanner-xyz"),
        nrrd(tmp_path / "c.nrrd", "spacings: 0.5 0.6 5", without=("space", "space directions", "space origin")),
    ):
        scan = read_here(path, ReadOptions())
        np.testing.assert_array_equal(scan.voxels, head())
        assert scan.spacing_mm == pytest.approx((0.6, 0.5, 5.0))
        assert len(scan.warnings) == 1 and told in scan.warnings[0]
    for path in (
        meta(tmp_path / "a.mha", without=("ElementSpacing",)),
        nrrd(tmp_path / "a.nrrd", without=("space", "space directions", "space origin")),
    ):
        scan = read_here(path, ReadOptions())
        assert scan.spacing_mm is None and scan.positions_mm is None
        assert "lengths and volumes are unknown" in scan.warnings[-1]


def test_spellings_of_others_are_read(tmp_path: Path) -> None:
    big = head().astype(">i2").tobytes()
    for path in (
        meta(
            tmp_path / "a.mha",
            "Orientation = 1 0 0 0 1 0 0 0 1",
            "Position = -9 -12 100",
            without=("TransformMatrix", "Offset"),
        ),
        meta(tmp_path / "b.mha", "BinaryDataByteOrderMSB = True", data=big),
        nrrd(tmp_path / "a.nrrd", "endian: big", data=big),
        nrrd(tmp_path / "b.nrrd", "type: signed short", "modality:=CT", "note:=a: b"),
        nrrd(tmp_path / "c.nrrd", "byte skip: 4", data=b"skip" + head().tobytes()),
        nrrd(tmp_path / "d.nrrd", "byte skip: -1", data=b"skip" + head().tobytes()),
    ):
        scan = read_here(path, ReadOptions())
        np.testing.assert_array_equal(scan.voxels, head())
        np.testing.assert_allclose(scan.positions_mm[0], ORIGIN)
        assert not scan.warnings


def test_lines_that_end_as_on_windows_are_read(tmp_path: Path) -> None:
    for path in (meta(tmp_path / "a.mha", data=b""), nrrd(tmp_path / "a.nrrd", data=b"")):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + head().tobytes())
        np.testing.assert_array_equal(read_here(path, ReadOptions()).voxels, head())


OUTSIDE = ["../secret.raw", "/etc/passwd", "sub/../../secret.raw", "..\\secret.raw", "C:\\secret.raw", "C:secret.raw"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("make", [meta, nrrd])
def test_no_header_has_a_file_read_outside_its_folder(tmp_path: Path, make, name: str) -> None:
    (tmp_path / "secret.raw").write_bytes(head().tobytes())
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    (folder / "sub").mkdir()
    named = f"ElementDataFile = {name}" if make is meta else f"data file: {name}"
    for suffix in (".mha", ".mhd") if make is meta else (".nrrd", ".nhdr"):
        path = make(folder / f"a{suffix}", named)
        assert refusal(path) == "expected a voxel file in the same folder, found that the header leads elsewhere"


@pytest.mark.parametrize("make", [meta, nrrd])
@pytest.mark.parametrize("name", ["LIST", "LIST 2", "%03d.raw 1 8 1", "-", "list"])
def test_voxels_in_several_files_are_refused(tmp_path: Path, make, name: str) -> None:
    path = make(tmp_path / "a", f"ElementDataFile = {name}" if make is meta else f"data file: {name}")
    path = path.rename(path.with_suffix(".mhd" if make is meta else ".nhdr"))
    assert refusal(path) == "expected all voxels in one file, found that the header names several files or none"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ElementDataFile : /etc/passwd", "a line of its header is not a field"),
        ("ElementDataFile: x = /etc/passwd", "a line of its header is not a field"),
        (" ElementDataFile = /etc/passwd", "a line of its header is not a field"),
        ("Comment = hello\rElementDataFile = /etc/passwd", "is incomplete"),
        ("DimSize: 4 4 4", "a line of its header is not a field"),
    ],
)
def test_a_meta_header_that_can_be_read_in_two_ways_is_refused(tmp_path: Path, line: str, said: str) -> None:
    path = meta(tmp_path / "a.mha")
    path.write_bytes(path.read_bytes().replace(b"NDims", line.encode() + b"\nNDims", 1))
    assert said in refusal(path)


def test_a_field_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = meta(tmp_path / "a.mha")
    path.write_bytes(path.read_bytes().replace(b"NDims = 3", b"NDims = 3\nElementSpacing = 1 1 1"))
    assert "the field ElementSpacing twice" in refusal(path)
    path = nrrd(tmp_path / "a.nrrd")
    path.write_bytes(path.read_bytes().replace(b"type:", b"Sizes: 36 40 8\ntype:"))
    assert "the field sizes twice" in refusal(path)


MANY = "10000 10000 10000"


@pytest.mark.parametrize(
    ("make", "lines", "said"),
    [
        (meta, [f"DimSize = {MANY}"], "expected 1 to 1073741824 voxels, found 10000 x 10000 x 10000"),
        (nrrd, [f"sizes: {MANY}"], "expected 1 to 1073741824 voxels, found 10000 x 10000 x 10000"),
        (meta, [f"DimSize = {MANY}", "CompressedData = True"], "expected 1 to 1073741824 voxels"),
        (nrrd, [f"sizes: {MANY}", "encoding: gzip"], "expected 1 to 1073741824 voxels"),
        (meta, ["DimSize = 1000 1000 1000"], "2000000000 bytes of voxels expected"),
        (nrrd, ["sizes: 1000 1000 1000", "encoding: gzip"], "bytes expected, at most"),
        (meta, ["DimSize = 36 40"], "expected a volume of 3 dimensions, found 2: 36 x 40"),
        (nrrd, ["sizes: 36 40 8 3", "dimension: 4"], "expected a volume of 3 dimensions, found 4"),
        (nrrd, ["sizes: 36 40 8 1", "dimension: 4"], "expected a volume of 3 dimensions, found 4"),
        (meta, ["NDims = 255"], "expected a volume of 3 dimensions, found 255: 36 x 40 x 8"),
        (meta, ["NDims = 2"], "expected a volume of 3 dimensions, found 2: 36 x 40 x 8"),
        (nrrd, ["dimension: 16"], "expected a volume of 3 dimensions, found 16: 36 x 40 x 8"),
        (meta, ["DimSize = 36 40 -8"], "expected 1 to 1073741824 voxels, found 36 x 40 x -8"),
        (meta, ["DimSize = 36 40 8.5"], "expected a complete MetaImage file"),
        (meta, ["ElementNumberOfChannels = 3"], "expected gray voxels"),
        (meta, ["ElementType = MET_COMPLEX"], "expected gray voxels"),
        (nrrd, ["type: block"], "expected gray voxels"),
        (nrrd, ["kinds: RGB-color domain domain"], "found axes of the kinds RGB-color"),
        (nrrd, ["encoding: bzip2"], "expected voxels in the encoding raw or gzip, found bzip2"),
        (meta, ["Modality = MET_MOD_MR"], "expected CT, found the modality MR in the header"),
        (meta, ["BinaryData = False"], "expected binary voxels, found text"),
        (meta, ["ElementToIntensityFunctionSlope = 2"], "a scale factor of 2"),
        (meta, ["ElementSpacing = 0.5 0.6 0"], "a voxel has a size of 0 or less"),
        (meta, ["ElementSpacing = nan 0.6 5"], "expected 3 numbers"),
        (meta, ["ElementSpacing = 0.5 0.6"], "expected 3 numbers"),
        (meta, ["ElementSpacing = 500 600 5000"], "expected pixels of 0.05 to 10 mm, found"),
        (meta, ["TransformMatrix = 2 0 0 0 1 0 0 0 1"], "expected three independent directions of length 1"),
        (meta, ["TransformMatrix = 1 0 0 1 0 0 0 0 1"], "expected three independent directions of length 1"),
        (meta, ["DistanceUnits = um"], "expected lengths in mm, found um"),
        (meta, ["HeaderSize = 10"], "found a HeaderSize of 10"),
        (nrrd, ["space directions: (0.5,0,0) (0,0.6,0) none"], "expected three independent space directions"),
        (nrrd, ["space directions: (0.5,0,0) (0,0.6,0) (0,0.6,0)"], "expected three independent space directions"),
        (nrrd, ['space units: "um" "um" "um"'], "expected lengths in mm, found space units um"),
        (nrrd, ["line skip: 3"], "found a byte or line skip"),
        (nrrd, ["a line without a colon"], "a line of its header is not a field"),
    ],
)
def test_unreadable_input_is_reported_in_one_line(tmp_path: Path, make, lines: list[str], said: str, capfd) -> None:
    path = make(tmp_path / ("a.mha" if make is meta else "a.nrrd"), *lines)
    assert said in refusal(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "gone"])
def test_damaged_voxels_are_refused(tmp_path: Path, name: str, packed: bool, damage: str) -> None:
    """ITK itself reads packed MetaImage whose checksum fails, with other values."""
    path = write(image_of(head()), tmp_path / name, packed=packed)
    (file,) = [one for one in files_of(path) if one != path] or [path]
    content = bytearray(file.read_bytes())
    if damage == "bit":
        if not packed:
            return
        content[-len(content) // 3] ^= 255
    file.write_bytes(content[: -len(content) // 3] if damage == "cut" else b"" if damage == "empty" else content)
    if damage == "gone":
        file.unlink()
    assert refusal(path)


def test_values_are_checked_like_those_of_nifti(tmp_path: Path) -> None:
    mr = np.where(head() > -900, head().clip(0) % 200 + 40, 0).astype(np.uint8)
    for name in ("a.mha", "a.nrrd"):
        assert "MR, an atlas" in refusal(write(image_of(mr), tmp_path / name))
    path = meta(tmp_path / "b.mha", "ElementToIntensityFunctionOffset = -500", data=(head() + 500).tobytes())
    scan = open_scan(path)
    np.testing.assert_array_equal(scan.voxels, head())
    assert "intercept of -500" in scan.warnings[0]


@pytest.mark.parametrize("name", NAMES)
def test_without_simpleitk_one_line_says_what_to_install(tmp_path: Path, name: str, monkeypatch) -> None:
    path = write(image_of(head()), tmp_path / name)
    monkeypatch.setitem(sys.modules, "SimpleITK", None)
    with pytest.raises(UnreadableInput) as caught:
        read_here(path, ReadOptions())
    message = str(caught.value)
    assert "expected the package SimpleITK" in message and "pip install 'ichor-ct[formats]'" in message


@pytest.mark.parametrize("name", ["a.mhd", "a.nhdr", "a.hdr", "a.img"])
def test_the_file_with_the_voxels_counts_as_input(tmp_path: Path, name: str) -> None:
    if name.endswith(("hdr", "img")) and name != "a.nhdr":
        nib.save(nib.Nifti1Pair(head().transpose(2, 1, 0), np.eye(4)), tmp_path / "a.hdr")
    else:
        write(image_of(head()), tmp_path / name)
    (tmp_path / "other.raw").write_bytes(bytes(10**6))
    path = tmp_path / name
    assert len(files_of(path)) == 2
    assert size_of(path).n_bytes == sum(one.stat().st_size for one in files_of(path))
    assert size_of(path).n_bytes > head().nbytes


def test_a_name_in_another_script_is_read(tmp_path: Path) -> None:
    for name in ("Schädel 1.mhd", "頭部 ct.nhdr", "кт.mha"):
        np.testing.assert_array_equal(open_scan(write(image_of(head()), tmp_path / name)).voxels, head())
