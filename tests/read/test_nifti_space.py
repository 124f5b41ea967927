"""NIfTI headers that contradict themselves, and where nibabel and ITK find the mask that is written."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from ichor.errors import UnreadableInput
from ichor.formats.nifti import write_mask
from ichor.read import open_scan
from ichor.scan import Scan
from phantom import head

AFFINE = np.array([[-0.5, 0, 0, 9], [0, -0.6, 0, 12], [0, 0, 5.0, 100], [0, 0, 0, 1]])


def turned(degrees: float, axis: int = 2, affine: np.ndarray = AFFINE) -> np.ndarray:
    a, b = [one for one in range(3) if one != axis]
    turn = np.eye(4)
    angle = np.radians(degrees)
    turn[a, a] = turn[b, b] = np.cos(angle)
    turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
    return turn @ affine


def sheared(affine: np.ndarray = AFFINE, mm: float = 1.6) -> np.ndarray:
    result = affine.copy()
    result[1, 2] += mm
    return result


def moved(*mm: float, affine: np.ndarray = AFFINE) -> np.ndarray:
    result = affine.copy()
    result[:3, 3] += mm
    return result


def scaled(*factors: float, affine: np.ndarray = AFFINE) -> np.ndarray:
    return affine @ np.diag([*factors, 1])


def saved(
    path: Path, sform: np.ndarray | None, code: int, qform: np.ndarray | None, qcode: int, sizes: tuple = ()
) -> Path:
    """The made head with these two; `sizes` overrides pixdim."""
    image = nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), AFFINE)
    image.set_qform(AFFINE if qform is None else qform, qcode)
    image.set_sform(sform, code)
    if sizes:
        image.header["pixdim"][1:4] = sizes
    image.to_filename(path)
    return path


def assert_lies_at(scan: Scan, affine: np.ndarray, tmp_path: Path, *, itk_too: bool = True) -> None:
    """The scan, and the mask in nibabel and in ITK, have voxels where that affine puts them."""
    mask = scan.voxels > 60
    write_mask(mask, scan, tmp_path / "mask.nii.gz")
    image = nib.load(tmp_path / "mask.nii.gz")
    np.testing.assert_allclose(image.affine, affine, atol=1e-4)
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), mask.transpose(2, 1, 0))
    assert scan.positions_mm is not None and scan.spacing_mm is not None
    np.testing.assert_allclose(scan.positions_mm[0], affine[:3, 3] * [-1, -1, 1], atol=1e-4)
    row, column, distance = scan.spacing_mm
    assert row * column * distance == pytest.approx(abs(np.linalg.det(affine[:3, :3])), rel=1e-4)
    itk = SimpleITK.ReadImage(str(tmp_path / "mask.nii.gz"))
    assert np.prod(itk.GetSpacing()) == pytest.approx(abs(np.linalg.det(affine[:3, :3])), rel=1e-4)
    if itk_too:
        for index in ((0, 0, 0), (35, 39, 7), (10, 0, 3)):
            place = (affine @ [*index, 1])[:3] * [-1, -1, 1]
            np.testing.assert_allclose(itk.TransformIndexToPhysicalPoint(index), place, atol=1e-3)


@pytest.mark.parametrize("code", [1, 2, 4])
def test_an_sform_of_other_sizes_gives_way_to_the_qform(tmp_path: Path, code: int) -> None:
    scan = open_scan(saved(tmp_path / "a.nii", scaled(1, 1, 4 / 3), code, AFFINE, 1))
    assert scan.warnings == (
        "Voxel sizes contradict each other: the sform's are 0.5 x 0.6 x 6.667, pixdim's 0.5 x 0.6 x 5. Those of "
        "pixdim and the position of the qform are used.",
    )
    assert_lies_at(scan, AFFINE, tmp_path)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("factor", [0.5, 0.98, 1.006, 1.02, 3])
def test_any_size_counts(tmp_path: Path, axis: int, factor: float) -> None:
    factors = np.ones(3)
    factors[axis] = factor
    scan = open_scan(saved(tmp_path / "a.nii", scaled(*factors), 1, AFFINE, 1))
    assert "sizes contradict" in scan.warnings[0]
    assert_lies_at(scan, AFFINE, tmp_path)


def test_without_a_qform_sizes_that_differ_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.nii", scaled(1, 1, 4 / 3), 2, None, 0)
    with pytest.raises(UnreadableInput) as refusal:
        open_scan(path)
    assert str(refusal.value) == (
        f"{path}: expected one voxel size, found two: the sform's are 0.5 x 0.6 x 6.667, pixdim's 0.5 x 0.6 x 5, "
        "and no qform to decide between them: correct the wrong one"
    )


@pytest.mark.parametrize("sizes", [(0, 0, 0), (-1, 0.6, 5), (np.nan, 0.6, 5)])
def test_an_sform_is_taken_where_pixdim_has_no_sizes(tmp_path: Path, sizes: tuple) -> None:
    scan = open_scan(saved(tmp_path / "a.nii", AFFINE, 1, None, 0, sizes))
    assert not scan.warnings
    assert_lies_at(scan, AFFINE, tmp_path)


@pytest.mark.parametrize("factor", [0.997, 1.0001, 1.004])
@pytest.mark.parametrize("qcode", [0, 1])
def test_sizes_that_were_rounded_are_the_same(tmp_path: Path, factor: float, qcode: int) -> None:
    sizes = (0.5 * factor, 0.6, 5)
    scan = open_scan(saved(tmp_path / "a.nii", AFFINE, 1, AFFINE, qcode, sizes))
    assert not scan.warnings
    assert_lies_at(scan, AFFINE, tmp_path)


@pytest.mark.parametrize(
    "sform",
    [moved(0.3, -0.4, 0.2), turned(0.5), turned(-0.3, 0), moved(0, 0, -0.9)],
    ids=["moved", "turned", "tipped", "lower"],
)
def test_a_tiny_difference_of_place_is_none(tmp_path: Path, sform: np.ndarray) -> None:
    scan = open_scan(saved(tmp_path / "a.nii", sform, 1, AFFINE, 1))
    assert not scan.warnings
    assert_lies_at(scan, sform, tmp_path)


@pytest.mark.parametrize("sform", [moved(0, 20, 0), turned(12), turned(-25, 0)], ids=["moved", "turned", "tipped"])
@pytest.mark.parametrize(("code", "taken"), [(1, "sform"), (2, "qform"), (4, "qform")])
def test_another_place_is_the_scanners(tmp_path: Path, sform: np.ndarray, code: int, taken: str) -> None:
    scan = open_scan(saved(tmp_path / "a.nii", sform, code, AFFINE, 1))
    (warning,) = scan.warnings
    assert "different positions" in warning and f"that of the {taken} is used" in warning
    assert_lies_at(scan, sform if taken == "sform" else AFFINE, tmp_path)


@pytest.mark.parametrize(
    ("sform", "ways"),
    [
        (scaled(-1, 1, 1), ("RPS", "LPS")),
        (scaled(1, -1, 1), ("LAS", "LPS")),
        (scaled(1, 1, -1), ("LPI", "LPS")),
        (scaled(-1, -1, 1), ("RAS", "LPS")),
        (turned(90), ("", "LPS")),
        (turned(80, 0), ("", "LPS")),
    ],
    ids=["left-right", "front-back", "up-down", "both", "quarter", "tipped over"],
)
@pytest.mark.parametrize("code", [1, 2])
def test_forms_that_turn_the_head_over_are_refused(
    tmp_path: Path, sform: np.ndarray, ways: tuple[str, str], code: int
) -> None:
    path = saved(tmp_path / "a.nii", sform, code, AFFINE, 1)
    with pytest.raises(UnreadableInput) as refusal:
        open_scan(path)
    message = str(refusal.value)
    assert message.startswith(f"{path}: expected sform and qform to agree on left and right")
    assert f"{ways[0]} in the sform" in message and f"{ways[1]} in the qform" in message


@pytest.mark.parametrize("mm", [1.6, -2.5])
@pytest.mark.parametrize("by", ["nibabel", "planes", "alone", "alone by planes"])
def test_the_shear_of_a_tilted_gantry_is_not_a_contradiction(tmp_path: Path, mm: float, by: str) -> None:
    """Programs write the qform of a tilted scan in two ways, and pixdim as the step or as the distance of planes."""
    tilted = sheared(mm=mm)
    if by == "nibabel":  # the nearest rotation, and steps
        image = nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), tilted)
        image.set_qform(tilted, 1)
        image.set_sform(tilted, 1)
        path = tmp_path / "a.nii"
        image.to_filename(path)
    else:
        path = saved(tmp_path / "a.nii", tilted, 1, AFFINE, int(by == "planes"))
        if by == "alone":
            nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), tilted).to_filename(path)
    scan = open_scan(path)
    assert not scan.warnings
    assert abs(scan.tilt_deg or 0) == pytest.approx(np.degrees(np.arctan(abs(mm) / 5)), abs=0.01)
    assert_lies_at(scan, tilted, tmp_path, itk_too=False)


@pytest.mark.parametrize("axes", ["RAS", "SLA", "PIR", "ASL"])
def test_a_sheared_grid_with_its_axes_in_any_order_keeps_its_volume_in_itk(tmp_path: Path, axes: str) -> None:
    image = nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), sheared())
    wanted = nib.orientations.axcodes2ornt(axes)
    image = image.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(image.affine), wanted))
    nib.save(image, tmp_path / "a.nii")
    scan = open_scan(tmp_path / "a.nii")
    write_mask(scan.voxels > 60, scan, tmp_path / "mask.nii.gz")
    itk = SimpleITK.ReadImage(str(tmp_path / "mask.nii.gz"))
    assert np.prod(itk.GetSpacing()) == pytest.approx(0.5 * 0.6 * 5, rel=1e-4)
    np.testing.assert_allclose(nib.load(tmp_path / "mask.nii.gz").affine, image.affine, atol=1e-4)


def test_an_sform_that_spans_nothing_gives_way_with_a_warning(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.nii", AFFINE, 1, AFFINE, 1)
    raw = bytearray(path.read_bytes())
    raw[280:328] = bytes(48)  # srow_x, srow_y, srow_z (nifti1.h)
    path.write_bytes(raw)
    scan = open_scan(path)
    assert scan.warnings == ("The sform has a code but is not invertible: it is ignored.",)
    assert_lies_at(scan, AFFINE, tmp_path)


@pytest.mark.parametrize(("unit", "name"), [("meter", "metres"), ("micron", "microns")])
def test_a_wrong_unit_is_named(tmp_path: Path, unit: str, name: str) -> None:
    image = nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), AFFINE)
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    with pytest.raises(UnreadableInput) as refusal:
        open_scan(tmp_path / "a.nii")
    message = str(refusal.value)
    assert "expected pixels of 0.05 to 10 mm, found" in message
    assert message.endswith(f"; the header states lengths in {name}: if they are in mm, correct it")


def test_contradictions_are_measured_in_the_files_unit(tmp_path: Path) -> None:
    to_metres = np.diag([0.001, 0.001, 0.001, 1])
    for sform, said in ((moved(0, 0.2, 0), 0), (moved(0, 20, 0), 1)):
        image = nib.Nifti1Image(np.ascontiguousarray(head().transpose(2, 1, 0)), to_metres @ AFFINE)
        image.set_qform(to_metres @ AFFINE, 1)
        image.set_sform(to_metres @ sform, 1)
        image.header.set_xyzt_units("meter")
        nib.save(image, tmp_path / "a.nii")
        scan = open_scan(tmp_path / "a.nii")
        assert len(scan.warnings) == said
        assert scan.spacing_mm == pytest.approx((0.6, 0.5, 5))
