"""A scan as a CT series: valid by dciodvfy, and read back where it lay, with its own HU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_valid import errors, errors_between
from ichor.errors import IchorError
from ichor.formats.dicom_ct import CtFacts, age_string, ct_images, write_images
from ichor.read import open_scan
from synthetic_scans import FEET_FIRST, PRONE, SUPINE, synthetic_head

FACTS = CtFacts(
    names=("made",),
    patient_id="001",
    patient_name="MADE^001",
    sex="F",
    age_years=30,
    description="made head",
    derivation="made by code",
    anonymized_by="never a patient",
)


@pytest.mark.dciodvfy
@pytest.mark.parametrize("orientation", [SUPINE, PRONE, FEET_FIRST])
@pytest.mark.parametrize("geometry", [{}, {"tilt_deg": 21.5}, {"n": 5, "distances_mm": (2.5, 5.0, 5.0, 7.0)}])
def test_a_scan_is_read_again_from_its_original_place(tmp_path: Path, orientation: np.ndarray, geometry: dict) -> None:
    scan = synthetic_head(orientation=orientation, pixel_mm=(1.2, 1.5), **geometry)
    write_images(ct_images(scan, FACTS), tmp_path / "CT")
    files = sorted((tmp_path / "CT").iterdir())
    assert [line for file in files for line in errors(file)] == []
    assert errors_between(files) == []
    back = open_scan(tmp_path / "CT")
    assert np.array_equal(back.voxels, scan.voxels)
    assert np.allclose(back.positions_mm, scan.positions_mm, atol=1e-6)
    assert np.allclose(back.orientation, scan.orientation, atol=1e-6)
    assert np.allclose(back.pixel_mm, scan.pixel_mm) and np.allclose(back.thickness_mm, scan.thickness_mm)
    assert back.warnings == ()


@pytest.mark.dciodvfy
def test_nothing_is_made_up(tmp_path: Path) -> None:
    write_images(ct_images(replace(synthetic_head(), thickness_mm=None), FACTS), tmp_path / "CT")
    image = pydicom.dcmread(tmp_path / "CT" / "0001.dcm")
    assert errors(tmp_path / "CT" / "0001.dcm") == []
    dates = [element.keyword for element in image if element.VR in {"DA", "TM", "DT"} and element.value]
    assert dates == []
    assert image.SliceThickness is None and image.PatientPosition == ""
    assert image.PatientIdentityRemoved == "YES" and image.BurnedInAnnotation == "NO"


def test_the_same_names_give_the_same_series(tmp_path: Path) -> None:
    first, again = ct_images(synthetic_head(), FACTS), ct_images(synthetic_head(), FACTS)
    assert first == again
    other = ct_images(synthetic_head(), replace(FACTS, names=("other",)))
    uids = {image.SOPInstanceUID for image in (*first, *other)}
    assert len(uids) == len(first) + len(other)


def test_a_scan_of_unknown_geometry_is_refused_in_one_line() -> None:
    with pytest.raises(
        IchorError, match="expected a scan with known pixel size and slice positions, found one without"
    ):
        ct_images(synthetic_head(known_spacing=False), FACTS)


@pytest.mark.parametrize(
    ("years", "text"), [(35, "035Y"), (2.9, "002Y"), (7 / 12, "007M"), (1.0, "012M"), (1 / 365, "001D"), (0, "000D")]
)
def test_ages_are_written_as_dicom_has_them(years: float, text: str) -> None:
    assert age_string(years) == text
