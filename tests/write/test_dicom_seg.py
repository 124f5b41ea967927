"""Output `dicom-seg`: the marked voxels on the very slices they were marked on, by every library that reads them."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import FileDataset

from dicom_made import ct_slices, enhanced_ct, hu_of_head, save
from dicom_valid import errors, errors_between
from ichor.errors import IchorError
from ichor.screening.screener import Screener
from ichor.write.dicom_seg import DicomSeg
from ichor.write.result import Result
from made_scans import ThresholdMethod
from paths import DEMO, GE_HEAD, GE_HEAD_PART

FILE = "segmentation.dcm"


@pytest.fixture(scope="module")
def screener() -> Screener:
    """The model that ships."""
    return Screener()


def written(result: Result, folder: Path) -> FileDataset:
    return pydicom.dcmread(result.save(folder, ["dicom-seg"]) / FILE)


def slices_of(result: Result, made: FileDataset) -> list[int]:
    """The scan's slice of each frame, by the source instance that it refers to."""
    sources = [
        frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        for frame in made.PerFrameFunctionalGroupsSequence
    ]
    return [result.scan.source.instance_uids.index(uid) for uid in sources]


def assert_exact(result: Result, folder: Path) -> None:
    """By pydicom, highdicom and SimpleITK, voxel by voxel, each slice in its place."""
    made = written(result, folder)
    mask, scan, order = result.mask, result.scan, slices_of(result, made)
    assert mask is not None and scan.positions_mm is not None
    assert set(order) == set(np.flatnonzero(mask.any(axis=(1, 2))).tolist())
    assert np.array_equal(made.pixel_array.reshape(-1, *mask.shape[1:]) > 0, mask[order])
    found = sitk.GetArrayFromImage(sitk.ReadImage(folder / FILE))
    assert np.array_equal(found > 0, mask[order])
    read = highdicom.seg.segread(folder / FILE)
    how = {"ignore_spatial_locations": True, "assert_missing_frames_are_empty": True}
    assert np.array_equal(read.get_pixels_by_source_instance(list(scan.source.instance_uids), **how)[..., 0] > 0, mask)
    for frame, k in zip(made.PerFrameFunctionalGroupsSequence, order, strict=True):
        position = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
        np.testing.assert_allclose(position, scan.positions_mm[k], atol=1e-3)
    shared = made.SharedFunctionalGroupsSequence[0]
    np.testing.assert_allclose(
        np.reshape(np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float), (2, 3)),
        scan.orientation[0],
        atol=1e-4,
    )


@pytest.mark.ge_head
@pytest.mark.dciodvfy
def test_of_the_tilted_ge_head(screener: Screener, tmp_path: Path) -> None:
    result = screener.screen(GE_HEAD)
    assert abs(result.scan.tilt_deg or 0) > 15
    assert_exact(result, tmp_path / "out")
    assert set(errors(tmp_path / "out" / FILE)) <= set(errors(GE_HEAD / "14.dcm"))


@pytest.mark.dciodvfy
@pytest.mark.parametrize("path", [DEMO, GE_HEAD_PART], ids=["demonstration", "part of the GE head"])
def test_of_scans_in_the_repository(screener: Screener, tmp_path: Path, path: Path) -> None:
    result = screener.screen(path)
    assert_exact(result, tmp_path / "out")
    sources = sorted(path.glob("*.dcm"))
    assert set(errors(tmp_path / "out" / FILE)) <= set(errors(sources[0]))
    assert set(errors_between([*sources, tmp_path / "out" / FILE])) <= set(errors_between(sources))


def test_it_says_what_it_shows_which_model_made_it_and_of_which_study(screener: Screener, tmp_path: Path) -> None:
    result = screener.screen(DEMO)
    made, source = written(result, tmp_path / "out"), pydicom.dcmread(DEMO / "01.dcm")
    (segment,) = made.SegmentSequence
    assert (segment.SegmentLabel, segment.SegmentAlgorithmType) == ("Intracranial hemorrhage", "AUTOMATIC")
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Hemorrhage"
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    method = result.findings.method
    assert segment.SegmentAlgorithmName == algorithm.AlgorithmName == method.model
    assert algorithm.AlgorithmVersion == method.version
    assert "research use only" in made.SeriesDescription
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert made.get(keyword) == source.get(keyword)
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    again = written(result, tmp_path / "again")
    assert again.SOPInstanceUID != made.SOPInstanceUID  # another object, made at another time


def test_of_a_multi_frame_image_and_of_an_archive(tmp_path: Path) -> None:
    screener = Screener.of(ThresholdMethod())
    save([enhanced_ct(hu_of_head())], tmp_path / "enhanced")
    save(ct_slices(hu_of_head()), tmp_path / "plain")
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
        for file in (tmp_path / "plain").iterdir():
            packed.write(file, file.name)
    assert_exact(screener.screen(tmp_path / "packed.zip"), tmp_path / "out-packed")
    result = screener.screen(tmp_path / "enhanced")
    found = highdicom.seg.segread(result.save(tmp_path / "out-enhanced", ["dicom-seg"]) / FILE)
    source = result.scan.source
    how = {"ignore_spatial_locations": True, "assert_missing_frames_are_empty": True}
    pixels = found.get_pixels_by_source_frame(source.instance_uids[0], list(source.frame_numbers), **how)
    assert result.mask is not None and result.mask.any() and np.array_equal(pixels[..., 0] > 0, result.mask)


def test_scans_that_no_segmentation_can_refer_to_are_one_line(tmp_path: Path) -> None:
    result = Screener.of(ThresholdMethod()).screen(save(ct_slices(hu_of_head()), tmp_path / "in"))
    source = result.scan.source
    for changed, words in (
        (replace(source, kind="nifti"), "expected a DICOM series for the output dicom-seg, found nifti"),
        (
            replace(source, joined_uids=("1.2", "1.3")),
            "expected one DICOM series for the output dicom-seg, found 2 that",
        ),
        (
            replace(source, instance_uids=source.instance_uids[:1] * result.scan.n_slices),
            "expected a SOP Instance UID for each slice for the output dicom-seg, found 1 for 8 slices",
        ),
    ):
        with pytest.raises(IchorError, match=words):
            DicomSeg().check(replace(result.scan, source=changed))


def test_a_source_removed_meanwhile_is_reported_in_one_line(tmp_path: Path) -> None:
    result = Screener.of(ThresholdMethod()).screen(save(ct_slices(hu_of_head()), tmp_path / "in"))
    next((tmp_path / "in").iterdir()).unlink()
    with pytest.raises(
        IchorError, match="expected the 8 DICOM instances that the scan was read from, found that 1 of them are missing"
    ):
        result.save(tmp_path / "out", ["report", "dicom-seg"])
    assert {one.name for one in tmp_path.iterdir()} == {"in"}
