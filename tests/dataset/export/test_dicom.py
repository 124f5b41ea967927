"""DICOM: valid by dciodvfy, series and Segmentation read back voxel for voxel."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest

from dicom_valid import errors, errors_between
from export_sources import KINDS, REAL, copy_of, export_all
from ichor.read import inspect, open_scan


@pytest.mark.dciodvfy
@pytest.mark.parametrize("kind", KINDS)
def test_series_and_segmentation_are_valid_and_come_back_voxel_for_voxel(kind: str, tmp_path: Path) -> None:
    dataset = copy_of(kind, tmp_path / "data")
    out = tmp_path / "out"
    export_all(dataset, "dicom", out)
    for subject in dataset.subjects:
        case = dataset.case(subject)
        files = sorted((out / subject / "CT").iterdir())
        assert errors(files[0]) == errors(out / subject / "SEG" / "0001.dcm") == []
        assert errors_between([*files, out / subject / "SEG" / "0001.dcm"]) == []
        back = open_scan(out / subject)
        assert back.voxels.shape == case.scan.voxels.shape
        assert np.abs(back.hu - case.scan.hu).max() < 5e-4  # float32
        for name in ("positions_mm", "orientation", "pixel_mm"):
            assert np.allclose(getattr(back, name), getattr(case.scan, name), atol=1e-6)
        found = highdicom.seg.segread(out / subject / "SEG" / "0001.dcm")
        masks = found.get_pixels_by_source_instance(
            list(back.source.instance_uids), ignore_spatial_locations=True, assert_missing_frames_are_empty=True
        )
        assert np.array_equal(masks[..., 0], case.mask)


def test_the_series_says_where_it_is_from_and_what_its_sizes_are_worth(tmp_path: Path) -> None:
    export_all(copy_of("real", tmp_path / "data"), "dicom", tmp_path / "out")
    image = pydicom.dcmread(tmp_path / "out" / REAL / "CT" / "0001.dcm")
    assert (image.PatientID, str(image.PatientName), image.PatientAge, image.PatientSex) == (
        *(REAL, f"CT-ICH^{REAL}", "017Y", "M"),
    )
    assert all(said in image.DerivationDescription for said in ("nominal", "JPEG", "10.13026/w8q8-ky94", "CC BY 4.0"))
    assert len(image.DerivationDescription) <= 1024  # ST
    assert image.LossyImageCompression == "01" and image.Manufacturer == "Siemens"
    dates = {str(one.value) for one in image.iterall() if one.VR in {"DA", "DT", "TM"} and one.value}
    assert dates == set()
    reasons = [one.reason for one in inspect(tmp_path / "out" / REAL).series if one.chosen]
    assert len(reasons) == 1


def test_exporting_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    dataset = copy_of("jpg", tmp_path / "data")
    for name in ("a", "b"):
        export_all(dataset, "dicom", tmp_path / name)
    files = [file.relative_to(tmp_path / "a") for file in (tmp_path / "a").rglob("*.dcm")]
    assert len(files) == 2 * (5 + 1)
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)
