"""The dataset's NIfTI release, laid out from a made head: the release itself is not free to copy."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from ichor.errors import UnreadableInput
from ichor.read import ct_ich_nifti, inspect, open_scan
from phantom import bleed, head

FLIPPED = np.diag([0.5, -0.5, 5.0, 1.0])  # RAS mm; not the order of a scan


def release(root: Path, mask: np.ndarray | None = None) -> Path:
    """The layout of release 1.3.1 with one subject; its scan's path."""
    for name in ("ct_scans", "masks"):
        (root / name).mkdir(parents=True)
    (root / "Patient_demographics.csv").write_text("Patient Number,Age\n49,30\n")
    (root / "hemorrhage_diagnosis_raw_ct.csv").write_text("PatientNumber,SliceNumber\n49,1\n")
    delineated = bleed() if mask is None else mask
    for folder, voxels in (("ct_scans", head()), ("masks", delineated.astype(np.uint8) * 255)):
        nib.save(nib.Nifti1Image(voxels.transpose(2, 1, 0), FLIPPED), root / folder / "049.nii")
    return root / "ct_scans" / "049.nii"


def test_a_subject_is_read_with_its_delineation_on_the_same_voxels(tmp_path: Path) -> None:
    path = release(tmp_path)
    scan = open_scan(path)
    mask = ct_ich_nifti.read_mask(path)
    assert scan.source.kind == "ct-ich-nifti"
    assert mask.dtype == bool and mask.shape == scan.voxels.shape and mask.any()
    assert scan.hu[mask].mean() == pytest.approx(70, abs=2)
    brain = scan.hu[~mask & (scan.hu > 0) & (scan.hu < 100)]
    assert brain.mean() == pytest.approx(34, abs=2)
    assert "subject 049 of ct-ich" in inspect(path).series[0].reason


def test_a_mask_with_another_affine_is_placed_on_the_scans_voxels(tmp_path: Path) -> None:
    path = release(tmp_path)
    expected = ct_ich_nifti.read_mask(path)
    mask_path = tmp_path / "masks" / "049.nii"
    mask = nib.load(mask_path)
    nib.save(nib.Nifti1Image(np.asanyarray(mask.dataobj).copy(), np.eye(4)), mask_path)
    np.testing.assert_array_equal(ct_ich_nifti.read_mask(path), expected)


def test_a_mask_of_another_shape_or_none_is_refused(tmp_path: Path) -> None:
    path = release(tmp_path, mask=bleed(7))
    with pytest.raises(UnreadableInput, match=r"expected the scan's shape 36 x 40 x 8, found 36 x 40 x 7"):
        ct_ich_nifti.read_mask(path)
    (tmp_path / "masks" / "049.nii").unlink()
    with pytest.raises(UnreadableInput, match=r"masks/049\.nii: expected the mask of subject 049, found no such"):
        ct_ich_nifti.read_mask(path)


def test_a_nifti_elsewhere_is_not_of_the_release(tmp_path: Path) -> None:
    path = release(tmp_path)
    (tmp_path / "Patient_demographics.csv").unlink()
    assert not ct_ich_nifti.accepts(path)
    assert open_scan(path).source.kind == "nifti"
