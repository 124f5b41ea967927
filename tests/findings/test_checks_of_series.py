"""Input checks that depend on the headers of a DICOM series, and on contradictions between headers and slices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo_series import change, demo_slices
from ichor.anatomy.head import find_head
from ichor.findings.checks.check import failed_checks
from ichor.findings.checks.kinds import InputCheck
from ichor.read import ReadOptions, dicom
from ichor.scan import Scan
from synthetic_dicom import save


def said_of(folder: Path, **header: Any) -> dict[InputCheck, str]:
    """What is said of the demonstration scan, part of a head, with another header."""
    slices = demo_slices()
    for one in slices:
        change(one, **header)
    save(slices, folder)
    return {
        kind: sentence for kind, sentence in said_of_scan(dicom.read(folder, ReadOptions())) if kind != InputCheck.PART
    }


def said_of_scan(scan: Scan) -> list[tuple[InputCheck, str]]:
    """All but that the pixels are coarse, as they were made for these tests."""
    return [said for said in failed_checks(scan, find_head(scan)) if not said.message.startswith("Pixels are")]


@pytest.mark.parametrize(
    ("header", "kinds"),
    [
        ({}, set()),
        ({"ConvolutionKernel": "H70h"}, {InputCheck.KERNEL}),
        ({"ConvolutionKernel": "BONEPLUS"}, {InputCheck.KERNEL}),
        ({"ConvolutionKernel": "H31s"}, set()),
        ({"WindowCenter": 700, "WindowWidth": 3000}, {InputCheck.KERNEL}),
        ({"GantryDetectorTilt": "18.5"}, {InputCheck.GEOMETRY}),
        ({"GantryDetectorTilt": "-18.5"}, {InputCheck.GEOMETRY}),
        ({"GantryDetectorTilt": "0"}, set()),
        ({"GantryDetectorTilt": ""}, set()),
    ],
)
def test_headers_of_unusual_series_fail(tmp_path: Path, header: dict[str, Any], kinds: set[InputCheck]) -> None:
    said = said_of(tmp_path, **header)
    assert set(said) == kinds
    assert all("18.5 degrees" in said[kind] for kind in kinds & {InputCheck.GEOMETRY})


def test_a_real_tilt_agrees_with_its_tag(ge_head: Path) -> None:
    scan = dicom.read(ge_head, ReadOptions())
    assert scan.stated_tilt_deg == scan.tilt_deg == 18.5


def test_a_sideways_shift_of_slices_is_not_a_tilt(tmp_path: Path) -> None:
    slices = demo_slices()
    for one in slices[6:]:
        x, y, z = map(float, one.ImagePositionPatient)
        one.ImagePositionPatient = [x + 12, y, z]
    save(slices, tmp_path)
    scan = dicom.read(tmp_path, ReadOptions())
    assert scan.tilt_deg == 0
    assert any("Slices from 7 on are shifted 12 mm sideways" in warning for warning in scan.warnings)
    assert [kind for kind, _ in said_of_scan(scan)] == [InputCheck.PART]
