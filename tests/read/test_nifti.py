"""NIfTI volumes as hospitals, converters and research pipelines write them."""

from __future__ import annotations

import gzip
from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from ichor.errors import UnreadableInput
from ichor.read import open_scan
from ichor.scan import RADIOLOGICAL, Scan
from paths import GE_HEAD_PART, TEMPLATES
from phantom import BRAIN, head

SPACING = (0.5, 0.6, 5.0)  # column, row, slice
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
ORIENTATIONS = ["".join(axes) for order in permutations(("RL", "AP", "SI")) for axes in product(*order)]


def lps_image(hu: np.ndarray) -> nib.Nifti1Image:
    """A volume in a scan's own order (slices, rows, columns) as NIfTI stored (columns, rows, slices), LPS."""
    affine = RAS_TO_LPS @ np.array(
        [[SPACING[0], 0, 0, -9], [0, SPACING[1], 0, -12], [0, 0, SPACING[2], 100], [0, 0, 0, 1]]
    )
    return nib.Nifti1Image(np.ascontiguousarray(hu.transpose(2, 1, 0)), affine)


def save(image: nib.Nifti1Image, path: Path) -> Path:
    nib.save(image, path)
    return path


def world_lps(scan: Scan) -> np.ndarray:
    """(n, rows, columns, 3) where the scan says that each voxel lies."""
    assert scan.positions_mm is not None and scan.pixel_mm is not None
    _, rows, columns = scan.voxels.shape
    along_columns = np.arange(columns)[:, None] * scan.pixel_mm[:, 1][:, None, None, None]
    along_rows = np.arange(rows)[:, None, None] * scan.pixel_mm[:, 0][:, None, None, None]
    return (
        scan.positions_mm[:, None, None]
        + along_columns * scan.orientation[:, 0][:, None, None]
        + along_rows * scan.orientation[:, 1][:, None, None]
    )


def assert_same_world(scan: Scan, image: nib.Nifti1Image) -> None:
    """Each voxel lies where the file's affine puts it, with the file's value."""
    inverse = np.linalg.inv(RAS_TO_LPS @ image.affine)
    index = world_lps(scan) @ inverse[:3, :3].T + inverse[:3, 3]
    nearest = np.rint(index).astype(int)
    np.testing.assert_allclose(index, nearest, atol=1e-3)
    values = np.asanyarray(image.dataobj)[tuple(nearest.reshape(-1, 3).T)].reshape(scan.voxels.shape)
    np.testing.assert_array_equal(scan.voxels, values)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_orientation_is_the_same_head(orientation: str, tmp_path: Path) -> None:
    hu = head()
    image = lps_image(hu)
    wanted = nib.orientations.axcodes2ornt(orientation)
    turned = image.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(image.affine), wanted))
    assert "".join(nib.aff2axcodes(turned.affine)) == orientation

    scan = open_scan(save(turned, tmp_path / "head.nii"))

    np.testing.assert_array_equal(scan.voxels, hu)
    np.testing.assert_allclose(scan.positions_mm[0], [-9, -12, 100], atol=1e-4)
    np.testing.assert_allclose(scan.orientation[0], RADIOLOGICAL, atol=1e-6)
    assert scan.spacing_mm == pytest.approx((0.6, 0.5, 5.0))
    assert scan.voxels.dtype == np.int16
    assert scan.thickness_mm is None
    assert not scan.warnings


@pytest.mark.parametrize("degrees", [(0, 0, 0), (12, 0, 0), (0, 9, 0), (20, -15, 30), (-44, 10, -20)])
def test_an_oblique_grid_keeps_its_directions(degrees: tuple[int, int, int], tmp_path: Path) -> None:
    image = lps_image(head())
    turn = np.eye(4)
    for axis, angle in enumerate(np.radians(degrees)):
        a, b = [one for one in range(3) if one != axis]
        step = np.eye(4)
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        turn = step @ turn
    oblique = nib.Nifti1Image(image.dataobj, turn @ image.affine)

    scan = open_scan(save(oblique, tmp_path / "oblique.nii"))

    assert_same_world(scan, oblique)
    assert scan.spacing_mm == pytest.approx((0.6, 0.5, 5.0), abs=1e-4)


def test_a_tilted_gantry_is_a_shear_between_slices(tmp_path: Path) -> None:
    image = lps_image(head())
    tilted = image.affine.copy()
    tilted[1, 2] = np.tan(np.radians(18.5)) * 5.0  # each slice is shifted along its own rows
    sheared = nib.Nifti1Image(image.dataobj, tilted)

    scan = open_scan(save(sheared, tmp_path / "tilted.nii"))

    assert_same_world(scan, sheared)
    assert abs(scan.tilt_deg) == pytest.approx(18.5, abs=0.01)
    np.testing.assert_allclose(scan.slice_distances_mm, 5.0, atol=1e-4)
    assert not scan.warnings


def test_the_grid_of_the_file_is_kept_for_writing_back(tmp_path: Path) -> None:
    image = lps_image(head()).as_reoriented(np.array([[1, -1], [2, 1], [0, -1]]))
    grid = open_scan(save(image, tmp_path / "head.nii.gz")).source.nifti
    assert grid is not None
    assert grid.shape == image.shape
    np.testing.assert_allclose(grid.affine, image.affine, atol=1e-6)
    scan_axes = nib.apply_orientation(np.asanyarray(image.dataobj), grid.orientation)
    np.testing.assert_array_equal(scan_axes.transpose(2, 1, 0), head())


def test_nifti_2_big_endian_and_upper_case_names_are_read(tmp_path: Path) -> None:
    hu = head()
    image = lps_image(hu)
    second = nib.Nifti2Image(image.dataobj, image.affine)
    swapped = nib.Nifti1Image(image.dataobj, image.affine, nib.Nifti1Header(endianness=">"), dtype=np.int16)
    for path in (
        save(second, tmp_path / "two.nii.gz"),
        save(swapped, tmp_path / "big.nii"),
        save(image, tmp_path / "UPPER.NII.GZ"),
    ):
        scan = open_scan(path)
        np.testing.assert_array_equal(scan.voxels, hu)
        assert scan.voxels.dtype == np.int16


def test_a_trailing_dimension_of_one_is_dropped(tmp_path: Path) -> None:
    image = lps_image(head())
    four = nib.Nifti1Image(np.asanyarray(image.dataobj)[..., None], image.affine)
    assert open_scan(save(four, tmp_path / "four.nii")).voxels.shape == (8, 40, 36)


def test_an_offset_in_the_header_is_applied_and_stays_whole(tmp_path: Path) -> None:
    stored = lps_image((head() + 1024).astype(np.uint16))
    stored.header.set_slope_inter(1, -1024)
    scan = open_scan(save(stored, tmp_path / "offset.nii"))
    np.testing.assert_array_equal(scan.voxels, head())
    assert scan.voxels.dtype == np.int16


def test_a_slope_gives_floating_point_hu(tmp_path: Path) -> None:
    stored = lps_image((head() * 2).astype(np.int16))
    stored.header.set_slope_inter(0.5, 0)
    scan = open_scan(save(stored, tmp_path / "slope.nii"))
    np.testing.assert_allclose(scan.voxels, head())
    assert scan.voxels.dtype == np.float32


def test_qform_serves_where_there_is_no_sform(tmp_path: Path) -> None:
    image = lps_image(head())
    image.set_qform(image.affine, code=1)
    image.set_sform(None, code=0)
    scan = open_scan(save(image, tmp_path / "qform.nii"))
    np.testing.assert_allclose(scan.positions_mm[0], [-9, -12, 100], atol=1e-4)
    assert not scan.warnings


def test_lengths_in_micron_become_mm(tmp_path: Path) -> None:
    image = lps_image(head())
    micron = nib.Nifti1Image(image.dataobj, np.diag([1000, 1000, 1000, 1]) @ image.affine)
    micron.header.set_xyzt_units("micron")
    assert open_scan(save(micron, tmp_path / "micron.nii")).spacing_mm == pytest.approx((0.6, 0.5, 5.0))


def without_space(path: Path, pixdim: tuple[float, float, float]) -> Path:
    """A file with neither sform nor qform, its voxel sizes as given."""
    save(lps_image(head()), path)
    raw = bytearray(path.read_bytes())
    raw[252:256] = bytes(4)  # qform_code and sform_code (nifti1.h)
    raw[80:92] = np.array(pixdim, "<f4").tobytes()
    path.write_bytes(raw)
    return path


def test_a_file_without_a_named_space_keeps_its_sizes_with_a_warning(tmp_path: Path) -> None:
    scan = open_scan(without_space(tmp_path / "lost.nii", (0.5, 0.6, 5.0)))
    assert scan.spacing_mm == pytest.approx((0.6, 0.5, 5.0))
    assert "sform and qform are both 0" in scan.warnings[0]


def test_a_file_without_voxel_sizes_has_no_lengths(tmp_path: Path) -> None:
    scan = open_scan(without_space(tmp_path / "lost.nii", (0, 0, 0)))
    assert scan.pixel_mm is None and scan.positions_mm is None and scan.spacing_mm is None
    assert "lengths and volumes are unknown" in scan.warnings[-1]


def test_what_is_not_a_number_becomes_air_with_a_warning(tmp_path: Path) -> None:
    hu = head().astype(np.float32)
    hu[0, 0, :3] = np.nan, np.inf, -np.inf
    scan = open_scan(save(lps_image(hu), tmp_path / "nan.nii"))
    np.testing.assert_array_equal(scan.voxels[0, 0, :3], -1024)
    assert scan.warnings == ("3 voxels are not finite numbers: replaced by air, -1024 HU.",)


def test_skewed_axes_are_reported_or_refused(tmp_path: Path) -> None:
    for degrees, refused in ((3, False), (25, True)):
        image = lps_image(head())
        affine = image.affine.copy()
        affine[0, 1] = np.tan(np.radians(degrees)) * SPACING[1]
        path = save(nib.Nifti1Image(image.dataobj, affine), tmp_path / f"bent{degrees}.nii")
        if refused:
            with pytest.raises(UnreadableInput, match="expected rows perpendicular to columns, found 25"):
                open_scan(path)
        else:
            assert "from perpendicular by 3.0 degrees" in open_scan(path).warnings[0]


def in_brain() -> np.ndarray:
    return head()[2:6, 14:28, 12:24]


@pytest.mark.parametrize(
    "hu",
    [
        pytest.param(head(), id="plain"),
        pytest.param(np.where(head() < -900, -2000, head()), id="padded -2000"),
        pytest.param(np.where(head() < -900, -3024, head()), id="padded -3024"),
        pytest.param(np.where(np.abs(head() - 40) < 50, head(), 0), id="skull stripped to 0"),
        pytest.param(np.where(np.abs(head() - 40) < 50, head(), -1024), id="skull stripped to -1024"),
        pytest.param(np.clip(np.where(np.abs(head() - 40) < 50, head(), 0), 0, 100), id="stripped and clipped"),
        pytest.param(head()[:, 8:32, 8:28], id="cropped to skull and brain"),
        pytest.param(in_brain() - np.array([0, 60])[:, None, None].repeat(2, 0), id="cropped to brain and fat"),
        pytest.param(np.clip(head(), -200, 200), id="clipped to a window of HU"),
        pytest.param(np.where(head() > 500, 30000, head()), id="metal"),
        pytest.param(head()[4:5], id="one slice"),
        pytest.param(head(noise=25), id="noisy"),
    ],
)
def test_real_kinds_of_head_ct_are_accepted(hu: np.ndarray, tmp_path: Path) -> None:
    scan = open_scan(save(lps_image(hu.astype(np.int16)), tmp_path / "head.nii"))
    np.testing.assert_array_equal(scan.voxels, hu)


def mr(top: int = 900, background: int = 20) -> np.ndarray:
    """A T1-weighted head: bright scalp, dark bone, brain in between, Rician noise around."""
    hu = head(noise=0)
    signal = np.select([hu < -900, hu < 0, hu > 500, hu == BRAIN], [0, top, 0.1 * top, 0.6 * top], 0.8 * top)
    rng = np.random.default_rng(1)
    real, imaginary = (rng.normal(0, background, hu.shape) for _ in range(2))
    return np.rint(np.hypot(signal + real, imaginary)).astype(np.int16)


def phase() -> np.ndarray:
    return np.random.default_rng(2).normal(0, 1000, (8, 40, 36)).clip(-4096, 4095).astype(np.int16)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param(mr(), "MR", id="MR"),
        pytest.param(mr(220, 3), "MR", id="MR of 8 bits"),
        pytest.param(np.where(mr(900, 0) > 0, mr(900, 20), 0), "MR", id="MR without background"),
        pytest.param((mr().astype(np.float32) - 300) / 250, "MR", id="MR standardised"),
        pytest.param(phase(), "not a head CT in HU", id="phase of an MR"),
        pytest.param(head() + 2000, "CT in another unit", id="CT with another offset"),
        pytest.param((head() > 0).astype(np.uint8), "a mask", id="mask"),
        pytest.param(np.clip((head() + 20) / 120 * 255, 0, 255).astype(np.uint8), "gray values", id="gray"),
        pytest.param(np.full((8, 40, 36), 7, np.int16), "in every voxel", id="constant"),
        pytest.param(head().astype(np.float32) * 100, "between -4096 and 32767", id="scaled"),
        pytest.param(np.where(head() < -900, -1000, 600).astype(np.int16), "expected brain", id="no brain"),
    ],
)
def test_input_that_is_not_ct_in_hu_is_refused(values: np.ndarray, reason: str, tmp_path: Path) -> None:
    path = save(lps_image(values), tmp_path / "other.nii.gz")
    with pytest.raises(UnreadableInput) as refusal:
        open_scan(path)
    message = str(refusal.value)
    assert message.startswith(f"{path}: expected ") and "found" in message and reason in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["scct.nii", "scct_stripped.nii"])
def test_a_template_in_cormack_units_is_refused_with_that_reason(name: str) -> None:
    with pytest.raises(UnreadableInput, match=r"none below 0: .*Cormack units"):
        open_scan(TEMPLATES / name)


def four_dimensions(path: Path) -> None:
    image = lps_image(head())
    save(nib.Nifti1Image(np.stack([np.asanyarray(image.dataobj)] * 2, axis=-1), image.affine), path)


def colour(path: Path) -> None:
    rgb = np.zeros((36, 40, 8), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    save(nib.Nifti1Image(rgb, np.eye(4)), path)


def two_dimensions(path: Path) -> None:
    save(nib.Nifti1Image(head()[4], np.eye(4)), path)


def complex_numbers(path: Path) -> None:
    save(nib.Nifti1Image(head().astype(np.complex64), np.eye(4)), path)


def truncated(path: Path) -> None:
    save(lps_image(head()), path)
    path.write_bytes(path.read_bytes()[:-5000])


def flipped_bit(path: Path) -> None:
    save(lps_image(head()), path)
    raw = bytearray(path.read_bytes())
    raw[-3000] ^= 255
    path.write_bytes(raw)


def huge(path: Path) -> None:
    save(lps_image(head()), path)
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[42:48] = np.array([32767] * 3, "<i2").tobytes()  # dim[1..3]
    path.write_bytes(gzip.compress(bytes(raw)))


def bomb(path: Path) -> None:
    save(lps_image(head()), path)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(1 << 24)))


def text(path: Path) -> None:
    path.write_text("not an image\n" * 100)


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [
        (four_dimensions, "a.nii", "expected a volume of 3 dimensions, found 4: 36 x 40 x 8 x 2"),
        (two_dimensions, "a.nii", "expected a volume of 3 dimensions, found 2: 40 x 36"),
        (colour, "a.nii", "found color"),
        (complex_numbers, "a.nii.gz", "found complex64"),
        (truncated, "a.nii", "expected a complete NIfTI file"),
        (truncated, "a.nii.gz", "expected a complete NIfTI file"),
        (flipped_bit, "a.nii.gz", "expected a complete NIfTI file"),
        (huge, "a.nii.gz", "expected 1 to 1073741824 voxels, found 32767 x 32767 x 32767"),
        (bomb, "a.nii.gz", "after them"),
        (text, "a.nii", "expected a complete NIfTI file"),
        (text, "a.nii.gz", "expected a complete NIfTI file"),
    ],
)
def test_unreadable_input_is_reported_in_one_line(make, name, reason, tmp_path, capfd) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(UnreadableInput) as refusal:
        open_scan(path)
    message = str(refusal.value)
    assert message.startswith(f"{path}: expected ") and reason in message
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_a_header_with_any_bytes_wrong_is_read_or_refused_in_one_line(tmp_path: Path, capfd) -> None:
    whole = save(lps_image(head()), tmp_path / "whole.nii").read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "hurt.nii"
    refused = 0
    for _ in range(300):
        raw = bytearray(whole)
        for byte in rng.integers(0, 352, rng.integers(1, 6)):
            raw[byte] = rng.integers(0, 256)
        path.write_bytes(raw)
        try:
            assert np.isfinite(open_scan(path).voxels).all()
        except UnreadableInput as refusal:
            assert len(str(refusal).splitlines()) == 1
            refused += 1
    assert 0 < refused < 300
    assert capfd.readouterr() == ("", "")


def test_a_lost_offset_is_removed_and_reported(tmp_path: Path) -> None:
    hu = np.rint(open_scan(GE_HEAD_PART).hu).astype(np.int16)
    for offset in (1024, 1000):
        stored = (hu.astype(np.int32) + offset).clip(0, 4095).astype(np.uint16)
        scan = open_scan(save(lps_image(stored), tmp_path / "lost.nii"))
        np.testing.assert_array_equal(scan.voxels, hu.clip(-offset))
        assert scan.voxels.dtype == np.int16
        (warning,) = scan.warnings
        assert warning.startswith(f"{offset} had been added to the HU")


def test_values_stored_without_their_sign_are_read_with_it(tmp_path: Path) -> None:
    scan = open_scan(save(lps_image(head().view(np.uint16)), tmp_path / "unsigned.nii"))
    np.testing.assert_array_equal(scan.voxels, head())
    assert "as unsigned" in scan.warnings[0]


def test_an_intercept_without_a_slope_is_added_only_where_it_makes_hu(tmp_path: Path) -> None:
    """By the standard (scl_slope 0: no scaling) it is not added; writers forget the slope."""
    for hu, told in ((head() + 500, 1), (head(), 0)):
        path = save(lps_image(hu), tmp_path / "inter.nii")
        raw = bytearray(path.read_bytes())
        raw[112:120] = np.array([0, -500], "<f4").tobytes()  # scl_slope, scl_inter (nifti1.h)
        path.write_bytes(raw)
        scan = open_scan(path)
        np.testing.assert_array_equal(scan.voxels, head())
        assert len(scan.warnings) == told
        assert all("intercept of -500 and no slope" in one for one in scan.warnings)


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz"])
@pytest.mark.parametrize("packed", [True, False])
def test_gzip_is_recognized_by_content_not_by_name(tmp_path: Path, name: str, packed: bool) -> None:
    plain = save(lps_image(head()), tmp_path / "plain.nii").read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(plain) if packed else plain)
    scan = open_scan(tmp_path / name)
    np.testing.assert_array_equal(scan.voxels, head())
    assert not scan.warnings


def pair(folder: Path, kind: type, *, packed: bool = False, upper: bool = False) -> tuple[Path, Path]:
    """The made head as .hdr and .img; Analyze's rows run to the front."""
    hu = head() if kind is not nib.AnalyzeImage else head()[:, ::-1]
    image = kind(np.ascontiguousarray(hu.transpose(2, 1, 0)), lps_image(head()).affine)
    nib.save(image, folder / "head.hdr")
    files = [folder / "head.hdr", folder / "head.img"]
    if packed:
        files = [one.with_name(one.name + ".gz") for one in files]
        for one in files:
            one.write_bytes(gzip.compress(one.with_suffix("").read_bytes()))
            one.with_suffix("").unlink()
    if upper:
        files = [one.rename(one.with_name(one.name.upper())) for one in files]
    return files[0], files[1]


@pytest.mark.parametrize("kind", [nib.Nifti1Pair, nib.Nifti2Pair, nib.AnalyzeImage, nib.Spm2AnalyzeImage])
@pytest.mark.parametrize("form", ["plain", "packed", "upper"])
def test_a_pair_is_read_by_either_of_its_files(tmp_path: Path, kind: type, form: str) -> None:
    if kind is nib.Spm2AnalyzeImage:
        hu = np.ascontiguousarray(head()[:, ::-1].transpose(2, 1, 0))
        nib.save(kind(hu, None), tmp_path / "head.hdr")
        (tmp_path / "head.mat").unlink(missing_ok=True)
        files = tmp_path / "head.hdr", tmp_path / "head.img"
    else:
        files = pair(tmp_path, kind, packed=form == "packed", upper=form == "upper")
    for file in files:
        scan = open_scan(file)
        np.testing.assert_array_equal(scan.voxels, head())
        assert scan.source.path == file
        if kind in (nib.Nifti1Pair, nib.Nifti2Pair):
            assert scan.spacing_mm == pytest.approx((0.6, 0.5, 5.0))
            assert not scan.warnings
        else:
            assert "left and right" in scan.warnings[0] and "Analyze" in scan.warnings[0]


def test_an_incomplete_or_invalid_pair_is_reported_in_one_line(tmp_path: Path) -> None:
    header, voxels = pair(tmp_path, nib.Nifti1Pair)
    content = voxels.read_bytes()
    voxels.write_bytes(content[:-5])
    with pytest.raises(UnreadableInput, match=f"{len(content)} bytes expected, {len(content) - 5} found"):
        open_scan(header)
    voxels.unlink()
    with pytest.raises(UnreadableInput, match=r"refers to an \.img file with the voxels, which is missing"):
        open_scan(header)
    whole = header.read_bytes()
    for length in (4, 200, 300, 347):
        header.write_bytes(whole[:length])
        with pytest.raises(UnreadableInput, match="it ends within its header"):
            open_scan(header)
    header.write_bytes(b"ENVI\nsamples = 36\n")
    with pytest.raises(UnreadableInput, match="found none of these"):
        open_scan(header)


def test_analyze_of_another_orientation_is_refused(tmp_path: Path) -> None:
    header, _ = pair(tmp_path, nib.AnalyzeImage)
    raw = bytearray(header.read_bytes())
    raw[252] = 2  # hist.orient: sagittal
    header.write_bytes(raw)
    with pytest.raises(UnreadableInput, match="Analyze with slice orientation 2"):
        open_scan(header)
