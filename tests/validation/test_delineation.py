"""Delineations on the grid of a scan, whatever the order of their axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from ichor.errors import UnreadableInput
from ichor.formats.nifti import affine, write_mask
from ichor.scan import Scan
from ichor.validation.delineation import read_delineation
from synthetic_scans import BLOOD_HU, FEET_FIRST, PRONE, SUPINE, TRANSPOSED, synthetic_head

SMALL: dict[str, Any] = {"size": 64, "pixel_mm": (3.2, 3.0)}


def blood(scan: Scan) -> np.ndarray:
    return np.asarray(scan.hu) == BLOOD_HU


def written(scan: Scan, path: Path, axes: str = "LPS") -> Path:
    """The blood of a scan as another program writes it: with the axes in that order and direction."""
    image = nibabel.Nifti1Image(blood(scan).transpose(2, 1, 0).astype(np.uint8), affine(scan))
    nibabel.save(
        image.as_reoriented(
            nibabel.orientations.ornt_transform(
                nibabel.io_orientation(image.affine), nibabel.orientations.axcodes2ornt(tuple(axes))
            )
        ),
        path,
    )
    return path


@pytest.mark.parametrize("axes", ["LPS", "RAS", "LAS", "RPI", "SLA"])
@pytest.mark.parametrize("tilt_deg", [0.0, 18.0])
def test_a_delineation_may_have_its_axes_in_any_order_and_direction(tmp_path: Path, axes: str, tilt_deg: float) -> None:
    scan = synthetic_head(**SMALL, tilt_deg=tilt_deg)
    found = read_delineation(written(scan, tmp_path / "m.nii.gz", axes), scan)
    assert np.array_equal(found, blood(scan)) and found.any()


@pytest.mark.parametrize(
    "orientation", [SUPINE, PRONE, FEET_FIRST, TRANSPOSED], ids=["supine", "prone", "feet first", "transposed"]
)
def test_scans_may_be_stored_in_any_direction(tmp_path: Path, orientation: np.ndarray) -> None:
    scan = synthetic_head(**{**SMALL, "orientation": orientation})
    found = read_delineation(written(scan, tmp_path / "m.nii.gz", "RAS"), scan)
    assert np.array_equal(found, blood(scan)) and found.any()


def test_slices_may_be_unevenly_spaced(tmp_path: Path) -> None:
    scan = synthetic_head(**SMALL, n=12, distances_mm=(5.0,) * 5 + (10.0,) * 6)
    assert np.array_equal(read_delineation(written(scan, tmp_path / "m.nii.gz"), scan), blood(scan))


def test_what_ichor_writes_for_a_scan_of_unknown_spacing(tmp_path: Path) -> None:
    scan = synthetic_head(**SMALL, known_spacing=False)
    write_mask(blood(scan), scan, tmp_path / "m.nii.gz")
    assert np.array_equal(read_delineation(tmp_path / "m.nii.gz", scan), blood(scan))


def test_a_delineation_at_another_position_is_refused(tmp_path: Path) -> None:
    scan = synthetic_head(**SMALL)
    image: Any = nibabel.load(written(scan, tmp_path / "m.nii.gz"))
    moved = np.array(image.affine)
    moved[2, 3] += 30
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj), moved), tmp_path / "moved.nii.gz")
    with pytest.raises(
        UnreadableInput, match="expected a delineation at the position of the scan, found one that is 30 mm away"
    ):
        read_delineation(tmp_path / "moved.nii.gz", scan)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none.nii.gz", "found no such file"),
        ("text.nii.gz", "expected a delineation .NIfTI., found"),
        ("small.nii.gz", r"expected the scan's size \(12, 64, 64\), found \(12, 32, 32\)"),
        ("series.nii.gz", "expected a volume of 3 dimensions, found 4"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "text.nii.gz").write_text("not NIfTI")
    written(synthetic_head(size=32), tmp_path / "small.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.zeros((8, 8, 8, 2), np.uint8), np.eye(4)), tmp_path / "series.nii.gz")
    with pytest.raises(UnreadableInput, match=expected):
        read_delineation(tmp_path / name, synthetic_head(**SMALL))
