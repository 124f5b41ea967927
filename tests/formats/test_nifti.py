"""Masks on disk lie where the scan's voxels lie, read back by nibabel and by SimpleITK."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK

from ichor.formats.hu_scale import HuScale
from ichor.formats.nifti import affine, grid_warnings, in_file_order, write_hu, write_mask, write_probability
from ichor.read import open_scan
from ichor.scan import NiftiGrid, Scan
from synthetic_scans import FEET_FIRST, PRONE, SUPINE, TRANSPOSED, synthetic_head

RAS = np.array([-1, -1, 1])
CORNERS = [(0, 0, 0), (3, 10, 100), (11, 127, 0), (7, 64, 31)]


def world_lps(scan: Scan, k: int, row: int, column: int) -> np.ndarray:
    """Where a pixel's centre lies, from the slice's own position: DICOM PS3.3 C.7.6.2.1.1."""
    along_columns, along_rows = scan.orientation[k]
    row_mm, column_mm = scan.pixel_mm[k]
    return scan.positions_mm[k] + along_columns * column_mm * column + along_rows * row_mm * row


@pytest.mark.parametrize("orientation", [SUPINE, PRONE, FEET_FIRST, TRANSPOSED])
@pytest.mark.parametrize("tilt_deg", [0.0, 21.5, -14.0])
def test_every_voxel_is_at_the_position_of_its_slice(tmp_path: Path, orientation: np.ndarray, tilt_deg: float) -> None:
    scan = synthetic_head(orientation=orientation, tilt_deg=tilt_deg, pixel_mm=(1.2, 1.5))
    mask = scan.voxels == 65
    write_mask(mask, scan, tmp_path / "mask.nii.gz")
    image = nibabel.load(tmp_path / "mask.nii.gz")
    assert np.array_equal(np.asarray(image.dataobj), mask.transpose(2, 1, 0))
    for k, row, column in CORNERS:
        found = (image.affine @ [column, row, k, 1])[:3]
        assert found == pytest.approx(world_lps(scan, k, row, column) * RAS, abs=1e-3)


@pytest.mark.parametrize("orientation", [SUPINE, PRONE, TRANSPOSED])
def test_simpleitk_agrees(tmp_path: Path, orientation: np.ndarray) -> None:
    scan = synthetic_head(orientation=orientation, pixel_mm=(1.2, 1.5))
    mask = scan.voxels == 65
    write_mask(mask, scan, tmp_path / "mask.nii.gz")
    image = SimpleITK.ReadImage(str(tmp_path / "mask.nii.gz"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), mask)
    for k, row, column in CORNERS:
        found = image.TransformIndexToPhysicalPoint((column, row, k))
        assert found == pytest.approx(world_lps(scan, k, row, column), abs=1e-3)


def test_simpleitk_reads_a_tilted_mask_with_its_volume(tmp_path: Path) -> None:
    """It knows no shear: it is given the lowest slice's place, the slices' directions and their distance."""
    scan = synthetic_head(tilt_deg=20)
    mask = scan.voxels == 65
    write_mask(mask, scan, tmp_path / "mask.nii.gz")
    image = SimpleITK.ReadImage(str(tmp_path / "mask.nii.gz"))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), mask)
    assert image.GetSpacing() == pytest.approx((1.6, 1.6, 10.0), abs=1e-4)
    assert image.TransformIndexToPhysicalPoint((9, 5, 0)) == pytest.approx(world_lps(scan, 0, 5, 9), abs=1e-3)
    header = nibabel.load(tmp_path / "mask.nii.gz").header
    assert abs(np.linalg.det(header.get_sform())) == pytest.approx(1.6 * 1.6 * 10, rel=1e-5)
    assert np.prod(header.get_zooms()) == pytest.approx(1.6 * 1.6 * 10, rel=1e-5)


def test_uneven_slices_take_the_median_and_say_so(tmp_path: Path) -> None:
    scan = synthetic_head(n=5, distances_mm=(2.5, 5.0, 5.0, 10.0))
    write_mask(scan.voxels == 65, scan, tmp_path / "mask.nii.gz")
    assert nibabel.load(tmp_path / "mask.nii.gz").affine[2, 2] == pytest.approx(5.0)
    (warning,) = grid_warnings(scan)
    assert "2.5 to 10 mm apart" in warning and "median, 5 mm" in warning
    assert grid_warnings(synthetic_head()) == ()


def test_uneven_pixels_are_reported() -> None:
    scan = synthetic_head()
    scan.pixel_mm[3] = 1.7
    assert grid_warnings(scan) == ("Pixel sizes differ between slices; the NIfTI files use the median.",)


def test_unknown_spacing_counts_in_voxels_and_keeps_the_sides(tmp_path: Path) -> None:
    scan = synthetic_head(known_spacing=False)
    write_mask(scan.voxels == 65, scan, tmp_path / "mask.nii.gz")
    image = nibabel.load(tmp_path / "mask.nii.gz")
    assert np.array_equal(image.affine, np.diag([-1.0, -1, 1, 1]))
    assert image.header.get_xyzt_units()[0] == "unknown"
    assert "spacing is unknown" in grid_warnings(scan)[0]


def test_one_slice_takes_its_thickness_as_height() -> None:
    assert affine(synthetic_head(n=1))[2, 2] == 5.0


@pytest.mark.parametrize("axes", ["LPS", "RAS", "RPI", "SLA", "ASR", "PIL"])
def test_a_nifti_source_gets_its_own_axes_back(tmp_path: Path, axes: str) -> None:
    head = synthetic_head(n=6, size=40, pixel_mm=(4.0, 5.0))
    in_lps = nibabel.Nifti1Image(head.voxels.transpose(2, 1, 0), affine(head))
    to_file = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(in_lps.affine), nibabel.orientations.axcodes2ornt(tuple(axes))
    )
    source = in_lps.as_reoriented(to_file)
    lps = nibabel.orientations.axcodes2ornt(("L", "P", "S"))
    to_scan = nibabel.orientations.ornt_transform(nibabel.io_orientation(source.affine), lps)
    data = nibabel.orientations.apply_orientation(np.asarray(source.dataobj), to_scan)
    grid = NiftiGrid(to_scan, source.affine, source.shape)
    scan = replace(head, voxels=data.transpose(2, 1, 0), source=replace(head.source, nifti=grid))
    assert np.array_equal(scan.voxels, head.voxels)
    write_mask(scan.voxels == 65, scan, tmp_path / "mask.nii.gz")
    image = nibabel.load(tmp_path / "mask.nii.gz")
    assert np.array_equal(np.asarray(image.dataobj), np.asarray(source.dataobj) == 65)
    assert np.allclose(image.affine, source.affine, atol=1e-4)
    assert grid_warnings(scan) == ()


def test_a_source_in_metres_gets_its_unit_back(tmp_path: Path) -> None:
    head = synthetic_head(n=6, size=40, pixel_mm=(4.0, 5.0))
    in_metres = affine(head) @ np.diag([0.001, 0.001, 0.001, 1])
    in_metres[:3, 3] = affine(head)[:3, 3] / 1000
    image = nibabel.Nifti1Image(head.voxels.transpose(2, 1, 0), in_metres)
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "scan.nii")
    scan = open_scan(tmp_path / "scan.nii")
    assert scan.spacing_mm == pytest.approx((4.0, 5.0, 10.0))
    write_mask(scan.voxels == 65, scan, tmp_path / "mask.nii.gz")
    sizes = [SimpleITK.ReadImage(str(tmp_path / name)).GetSpacing() for name in ("scan.nii", "mask.nii.gz")]
    assert sizes[0] == pytest.approx(sizes[1])
    assert sizes[0] == pytest.approx((5.0, 4.0, 10.0))


def test_a_source_of_another_shape_is_refused() -> None:
    head = synthetic_head()
    grid = NiftiGrid(np.array([[0, 1], [1, 1], [2, 1]]), np.eye(4), (5, 5, 5))
    scan = replace(head, source=replace(head.source, nifti=grid))
    with pytest.raises(ValueError, match=r"expected the source file's shape \(5, 5, 5\), found \(128, 128, 12\)"):
        in_file_order(head.voxels, scan)


def test_probability_keeps_five_decimals_in_both_readers(tmp_path: Path) -> None:
    scan = synthetic_head()
    probability = np.random.default_rng(0).random(scan.voxels.shape, dtype=np.float32)
    write_probability(probability, scan, tmp_path / "probability.nii.gz")
    by_nibabel = nibabel.load(tmp_path / "probability.nii.gz").get_fdata().transpose(2, 1, 0)
    by_itk = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "probability.nii.gz")))
    assert np.abs(by_nibabel - probability).max() < 1e-5
    assert np.abs(by_itk - probability).max() < 1e-5


@pytest.mark.parametrize("scale", [HuScale(), HuScale(slope=8 / 51, intercept=-1000)])
def test_hu_come_back_in_both_readers_to_half_a_step(tmp_path: Path, scale: HuScale) -> None:
    scan = synthetic_head()
    noise = np.random.default_rng(0).normal(0, 3, scan.voxels.shape)
    scan = replace(scan, voxels=np.clip(scan.voxels + noise, -1000, 3000).astype(np.float32))
    write_hu(scan, tmp_path / "ct.nii.gz", scale)
    by_nibabel = nibabel.load(tmp_path / "ct.nii.gz").get_fdata().transpose(2, 1, 0)
    by_itk = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "ct.nii.gz")))
    for found in (by_nibabel, by_itk, open_scan(tmp_path / "ct.nii.gz").hu):
        assert np.abs(found - scan.voxels).max() <= scale.slope / 2 + 1e-3


def test_the_same_mask_gives_the_same_bytes(tmp_path: Path) -> None:
    scan = synthetic_head()
    for name in ("a.nii.gz", "b.nii.gz"):
        write_mask(scan.voxels == 65, scan, tmp_path / name)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
