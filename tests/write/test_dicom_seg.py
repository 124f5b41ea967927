"""Output `dicom-seg`: the marked voxels on the very slices they were marked on, by every library that reads them."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset

from dicom_exact import assert_exact, masks_of, places_of
from dicom_valid import errors, errors_between
from ichor.errors import IchorError
from ichor.read import open_scan
from ichor.screening.screener import Screener
from ichor.subtypes import Subtype
from ichor.write.dicom_seg import DicomSeg
from ichor.write.result import Result
from paths import DEMO, GE_HEAD, GE_HEAD_PART
from synthetic_dicom import ct_slices, enhanced_ct, hu_of_head, save
from synthetic_scans import SubtypesMethod, ThresholdMethod

FILE = "segmentation.dcm"


@pytest.fixture(scope="module")
def screener() -> Screener:
    """The shipped model."""
    return Screener()


def written(result: Result, folder: Path) -> FileDataset:
    return pydicom.dcmread(result.save(folder, ["dicom-seg"]) / FILE)


def segmented(result: Result, folder: Path) -> Path:
    return result.save(folder, ["dicom-seg"])


def errors_in(folder: Path) -> set[str]:
    """What dciodvfy finds wrong with the objects in a folder."""
    return {one for file in folder.glob("*.dcm") for one in errors(file)}


@pytest.mark.ge_head
@pytest.mark.dciodvfy
@pytest.mark.parametrize("told_by", ["model", "threshold"])
def test_of_the_tilted_ge_head(screener: Screener, tmp_path: Path, told_by: str) -> None:
    result = (screener if told_by == "model" else Screener.of(SubtypesMethod())).screen(GE_HEAD)
    assert abs(result.scan.tilt_deg or 0) > 15
    folder = segmented(result, tmp_path / "out")
    n_segments = sum(masks.shape[-1] for masks in masks_of(result).values())
    assert n_segments >= 3 and assert_exact(folder, result) == n_segments * 28 * 512 * 512
    assert errors_in(folder) <= set(errors(GE_HEAD / "14.dcm"))


@pytest.mark.dciodvfy
@pytest.mark.parametrize("path", [DEMO, GE_HEAD_PART], ids=["demonstration", "part of the GE head"])
def test_of_scans_in_the_repository(screener: Screener, tmp_path: Path, path: Path) -> None:
    result = screener.screen(path)
    folder = segmented(result, tmp_path / "out")
    assert_exact(folder, result)
    sources = sorted(path.glob("*.dcm"))
    assert errors_in(folder) <= set(errors(sources[0]))
    assert set(errors_between([*sources, *folder.glob("*.dcm")])) <= set(errors_between(sources))


def hu_with_two_lesions() -> np.ndarray:
    """Blood in front on the upper slices, and behind on the lower ones: `SubtypesMethod` tells two subtypes."""
    hu = hu_of_head()
    hu[1:3, 20:27, 9:14] = 70
    return hu


UNEVEN = (0.0, 1.08, 5.0, 9.0, 16.0, 23.0, 24.5, 31.0)
LEANING = (0.0, np.sin(np.radians(18.5)), np.cos(np.radians(18.5)))


@pytest.mark.dciodvfy
@pytest.mark.parametrize(
    "geometry",
    [
        {"orientation": (-1, 0, 0, 0, -1, 0)},
        {"orientation": (1, 0, 0, 0, -1, 0)},
        {"orientation": (-1, 0, 0, 0, 1, 0)},
        {"orientation": (0, 1, 0, 1, 0, 0)},
        {"orientation": (0, -1, 0, -1, 0, 0), "along": (0, 0, -1)},
        {"along": LEANING, "places": UNEVEN},
        {"orientation": (-1, 0, 0, 0, -1, 0), "along": LEANING, "places": UNEVEN[::-1]},
    ],
    ids=["both negated", "rows negated", "columns negated", "transposed", "turned and down", "tilted", "all of it"],
)
def test_of_any_geometry(tmp_path: Path, geometry: dict[str, object]) -> None:
    result = Screener.of(SubtypesMethod()).screen(save(ct_slices(hu_with_two_lesions(), **geometry), tmp_path / "in"))
    folder = segmented(result, tmp_path / "out")
    assert masks_of(result)["subtypes.dcm"].shape[-1] == 2
    assert_exact(folder, result)
    assert errors_in(folder) == set()


def test_of_a_sideways_step(tmp_path: Path) -> None:
    def step(one: FileDataset, k: int) -> None:
        one.ImagePositionPatient[0] += 12 * (k >= 4)

    result = Screener.of(SubtypesMethod()).screen(save(ct_slices(hu_with_two_lesions(), change=step), tmp_path / "in"))
    assert any("sideways" in one for one in result.scan.warnings)
    assert_exact(segmented(result, tmp_path / "out"), result)


@pytest.mark.dciodvfy
def test_each_subtype_that_lesions_are_of_has_a_segment(tmp_path: Path) -> None:
    result = Screener.of(SubtypesMethod()).screen(save(ct_slices(hu_with_two_lesions()), tmp_path / "in"))
    folder = segmented(result, tmp_path / "out")
    assert errors_in(folder) == set()
    read = highdicom.seg.segread(folder / "subtypes.dcm")
    labels = [one.SegmentLabel for one in read.SegmentSequence]
    assert labels == ["Intraparenchymal hemorrhage (IPH)", "Subdural hemorrhage (SDH)"]
    told = result.findings.hemorrhage.subtypes
    assert told is not None
    by_subtype = {one.subtype: one.volume_px for one in told}
    for number, subtype in enumerate((Subtype.IPH, Subtype.SDH)):
        frames = [k for k, (segment, _) in enumerate(places_of(read, result)) if segment == number]
        assert read.pixel_array[frames].sum() == by_subtype[subtype] > 0


@pytest.mark.dciodvfy
def test_probabilities_are_to_the_nearest_of_255_steps(tmp_path: Path) -> None:
    result = Screener.of(SubtypesMethod()).screen(save(ct_slices(hu_of_head()), tmp_path / "in"))
    rough = np.random.default_rng(3).random(result.scan.voxels.shape, np.float32)
    rough[2] = 0  # a slice without any
    result = replace(result, segmentation=replace(result.segmentation, probability=rough))
    file = result.save(tmp_path / "out", ["dicom-probability"]) / "probability.dcm"
    assert errors(file) == []
    made = highdicom.seg.segread(file)
    assert (made.SegmentationType, made.SegmentationFractionalType) == ("FRACTIONAL", "PROBABILITY")
    how = {"ignore_spatial_locations": True, "assert_missing_frames_are_empty": True, "rescale_fractional": False}
    read = made.get_pixels_by_source_instance(list(result.scan.source.instance_uids), **how)[..., 0]
    assert np.array_equal(read, np.rint(rough.astype(np.float64) * 255))


def test_a_series_without_pixel_size_is_reported_in_one_line(tmp_path: Path) -> None:
    scan = open_scan(save(ct_slices(hu_of_head()), tmp_path / "in"))
    for missing, words in (("pixel_mm", "no pixel size"), ("positions_mm", "no positions of slices")):
        unknown: dict[str, Any] = {missing: None}
        with pytest.raises(IchorError, match=f"expected pixel size and positions .* dicom-seg, found {words}$"):
            DicomSeg().check(replace(scan, **unknown))


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
    parameters = dict(one.split("=") for one in algorithm.AlgorithmParameters.split(","))
    assert parameters["package_sha256"] == result.findings.made_by.method_sha256
    assert method.inference is not None and parameters["engine"] == method.inference.engine
    (equipment,) = (one for one in made.ContributingEquipmentSequence if "DeviceUID" in one)  # IHE AIR 6.5.3.1
    assert (equipment.Manufacturer, equipment.ManufacturerModelName) == ("Ichor", method.model)
    assert equipment.SoftwareVersions == method.version
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
    packed_result = screener.screen(tmp_path / "packed.zip")
    assert_exact(segmented(packed_result, tmp_path / "out-packed"), packed_result)
    result = screener.screen(tmp_path / "enhanced")
    found = highdicom.seg.segread(result.save(tmp_path / "out-enhanced", ["dicom-seg"]) / FILE)
    source = result.scan.source
    how = {"ignore_spatial_locations": True, "assert_missing_frames_are_empty": True}
    pixels = found.get_pixels_by_source_frame(source.instance_uids[0], list(source.frame_numbers), **how)
    assert result.mask is not None and result.mask.any() and np.array_equal(pixels[..., 0] > 0, result.mask)


def test_scans_that_no_segmentation_can_refer_to_are_reported_in_one_line(tmp_path: Path) -> None:
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
