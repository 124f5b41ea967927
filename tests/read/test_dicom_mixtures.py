"""Two patients, or two series, are never one scan; what anonymizers did to the UIDs does not cost a good scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from demo_series import change, demo_slices, hu_of, put
from ichor.errors import UnreadableInput
from ichor.read import ReadOptions, dicom, find_scans, open_scan
from ichor.read.dicom.source import read_source
from ichor.scan import Scan
from synthetic_dicom import save

Slices = list[pydicom.FileDataset]


def read(folder: Path) -> Scan:
    return dicom.read(folder, ReadOptions())


def mirrored(slices: Slices, *, raised_mm: float = 0.0) -> Slices:
    """Another head: the same one from left to right, so much higher."""
    for one in slices:
        put(one, hu_of(one)[:, ::-1])
        x, y, z = map(float, one.ImagePositionPatient)
        one.ImagePositionPatient = [x, y, z + raised_mm]
    return slices


def voxels(slices: Slices) -> np.ndarray:
    return np.stack([hu_of(one) for one in sorted(slices, key=lambda one: float(one.ImagePositionPatient[2]))])


NAMES = {"A": [f"A{k:02d}.dcm" for k in range(13)], "B": [f"B{k:02d}.dcm" for k in range(13)]}


class TestTwoPatients:
    @pytest.mark.parametrize("raised_mm", [0.0, 2.5])
    @pytest.mark.parametrize(
        "tells",
        [
            [{"PatientID": "A"}, {"PatientID": "B"}],
            [{"PatientID": None, "PatientName": "Doe^A"}, {"PatientID": None, "PatientName": "Doe^B"}],
            [{"StudyInstanceUID": "1.2.3.1"}, {"StudyInstanceUID": "1.2.3.2"}],
            [
                {"StudyInstanceUID": None, "StudyDate": "20240101", "StudyTime": "101500"},
                {"StudyInstanceUID": None, "StudyDate": "20240101", "StudyTime": "120000"},
            ],
        ],
    )
    @pytest.mark.parametrize("series_uid", [None, "1.2.3"])
    def test_any_difference_makes_two_scans(
        self, tmp_path: Path, tells: list[dict[str, Any]], series_uid: str | None, raised_mm: float
    ) -> None:
        first, second = (demo_slices(**header, SeriesInstanceUID=series_uid) for header in tells)
        mirrored(second, raised_mm=raised_mm)
        save(first, tmp_path, names=NAMES["A"])
        save(second, tmp_path, names=NAMES["B"])
        a, b = (open_scan(one) for one in find_scans(tmp_path))
        np.testing.assert_array_equal(a.voxels, voxels(first))
        np.testing.assert_array_equal(b.voxels, voxels(second))
        with pytest.raises(UnreadableInput, match="expected one scan, found 2 studies or patients"):
            read(tmp_path)

    @pytest.mark.parametrize("raised_mm", [0.0, 2.5])
    @pytest.mark.parametrize("series_uid", [None, "1.2.3"])
    def test_without_a_difference_they_are_refused(
        self, tmp_path: Path, series_uid: str | None, raised_mm: float
    ) -> None:
        for names, slices in zip(
            NAMES.values(), (demo_slices(), mirrored(demo_slices(), raised_mm=raised_mm)), strict=True
        ):
            for one in slices:
                change(one, SeriesInstanceUID=series_uid, StudyInstanceUID=None, PatientID=None, PatientName=None)
            save(slices, tmp_path, names=names)
        (one,) = find_scans(tmp_path)
        with pytest.raises(UnreadableInput, match=r"their headers do not distinguish"):
            open_scan(one)


class TestTwoSeries:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ({"SeriesNumber": 2}, {"SeriesNumber": 3}),
            ({"ConvolutionKernel": "H31s"}, {"ConvolutionKernel": "H60s"}),
            ({"SeriesDescription": "5mm"}, {"SeriesDescription": "5mm bone"}),
            ({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}, {"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]}),
        ],
    )
    @pytest.mark.parametrize("series_uid", [None, "1.2.3"])
    @pytest.mark.parametrize("raised_mm", [0.0, 2.5])
    def test_one_uid_or_none_for_both(
        self,
        tmp_path: Path,
        first: dict[str, Any],
        second: dict[str, Any],
        series_uid: str | None,
        raised_mm: float,
    ) -> None:
        """Either may be read, the better one where there is one, and no mixture."""
        good = demo_slices(**first, SeriesInstanceUID=series_uid)
        other = mirrored(demo_slices(**second, SeriesInstanceUID=series_uid), raised_mm=raised_mm)
        save(other + good, tmp_path, names=NAMES["A"] + NAMES["B"])
        scan = read(tmp_path)
        assert any(np.array_equal(scan.voxels, voxels(one)) for one in (good, other))
        if "SeriesNumber" not in first:
            np.testing.assert_array_equal(scan.voxels, voxels(good))
        found = dicom.inspect(tmp_path, ReadOptions()).series
        assert sorted((one.rank or 0, one.n_slices) for one in found) == [(1, 13), (2, 13)]

    def test_the_better_reconstruction_is_read_whichever_was_made_first(self, tmp_path: Path) -> None:
        bone = demo_slices(ConvolutionKernel="H60s", SeriesInstanceUID="1.2.3", AcquisitionTime="100000")
        soft = demo_slices(ConvolutionKernel="H31s", SeriesInstanceUID="1.2.3", AcquisitionTime="100500")
        save(bone + mirrored(soft), tmp_path)
        scan = read(tmp_path)
        np.testing.assert_array_equal(scan.voxels, voxels(soft))
        assert any("distinguished by kernel: 13 slices kept, 13 left out" in warning for warning in scan.warnings)

    def test_parts_that_restart_slice_numbers_are_one_head(self, tmp_path: Path) -> None:
        slices = demo_slices()
        for k, one in enumerate(slices):
            one.InstanceNumber = k % 7 + 1
        save(slices, tmp_path)
        np.testing.assert_array_equal(read(tmp_path).voxels, voxels(slices))


class TestUids:
    def test_a_series_uid_for_each_file(self, tmp_path: Path) -> None:
        slices = demo_slices()
        for one in slices:
            one.SeriesInstanceUID = generate_uid()
        save(slices, tmp_path)
        scan = read(tmp_path)
        np.testing.assert_array_equal(scan.voxels, voxels(slices))
        assert any("has a different Series Instance UID" in warning for warning in scan.warnings)

    def test_a_series_and_a_study_uid_for_each_file(self, tmp_path: Path) -> None:
        """As dicomanon of Matlab writes them."""
        slices = demo_slices()
        for one in slices:
            change(
                one,
                SeriesInstanceUID=generate_uid(),
                StudyInstanceUID=generate_uid(),
                FrameOfReferenceUID=generate_uid(),
            )
        save(slices, tmp_path)
        (one_scan,) = find_scans(tmp_path)
        np.testing.assert_array_equal(open_scan(one_scan).voxels, voxels(slices))

    def test_two_kernels_with_a_series_uid_for_each_file(self, tmp_path: Path) -> None:
        soft, bone = demo_slices(ConvolutionKernel="H31s"), mirrored(demo_slices(ConvolutionKernel="H60s"))
        for one in soft + bone:
            one.SeriesInstanceUID = generate_uid()
        save(soft + bone, tmp_path)
        np.testing.assert_array_equal(read(tmp_path).voxels, voxels(soft))

    def test_one_instance_uid_for_all_files(self, tmp_path: Path) -> None:
        slices = demo_slices()
        for one in slices:
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
        scan = open_scan(save(slices, tmp_path))
        np.testing.assert_array_equal(scan.voxels, voxels(slices))
        assert any(warning.startswith("13 slices share 1 SOP Instance UID") for warning in scan.warnings)
        with pytest.raises(UnreadableInput, match="expected a SOP Instance UID for each of 13 slices, found 1"):
            read_source(scan)

    @pytest.mark.parametrize(
        "absent",
        [
            ("SOPClassUID", "SeriesInstanceUID"),
            ("SOPClassUID", "SeriesInstanceUID", "StudyInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"),
            ("SOPClassUID", "SeriesInstanceUID", "PatientID", "PatientName", "StudyInstanceUID", "SeriesNumber"),
        ],
    )
    def test_no_uids_at_all(self, tmp_path: Path, absent: tuple[str, ...]) -> None:
        slices = demo_slices(**dict.fromkeys(absent))
        folder = save(slices, tmp_path) if "SOPInstanceUID" not in absent else tmp_path
        if "SOPInstanceUID" in absent:
            for k, one in enumerate(slices):
                one.save_as(folder / f"{k}.dcm")
        (one_scan,) = find_scans(folder)
        np.testing.assert_array_equal(open_scan(one_scan).voxels, voxels(slices))

    def test_no_uids_and_two_kernels(self, tmp_path: Path) -> None:
        soft, bone = demo_slices(ConvolutionKernel="H31s"), mirrored(demo_slices(ConvolutionKernel="H60s"))
        for one in soft + bone:
            change(one, SeriesInstanceUID=None, SOPClassUID=None)
        save(soft + bone, tmp_path)
        np.testing.assert_array_equal(read(tmp_path).voxels, voxels(soft))


def test_data_that_distinguishes_patients_is_never_shown(tmp_path: Path) -> None:
    for names, who in zip(NAMES.values(), ("SECRET-1", "SECRET-2"), strict=True):
        header = {"PatientID": who, "PatientName": f"{who}^Jane", "AccessionNumber": who, "StudyID": who}
        save(demo_slices(**header, SeriesDescription=f"HEAD {who}", ProtocolName=who), tmp_path, names=names)
    said: list[object] = []
    for one in find_scans(tmp_path):
        scan = open_scan(one)
        found = dicom.inspect(tmp_path, one.options(ReadOptions()))
        said += [one, scan.source, scan.warnings, found.as_json()]
    with pytest.raises(UnreadableInput) as refusal:
        read(tmp_path)
    assert "SECRET" not in f"{said}{refusal.value}"
