"""Segmentations of any DICOM scan: read back by highdicom pixel for pixel, valid by dciodvfy."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_valid import errors
from ichor.errors import IchorError, UnreadableInput
from ichor.formats.algorithm import Algorithm
from ichor.formats.dicom_ct import write_images
from ichor.formats.dicom_out import ObjectFacts
from ichor.formats.dicom_seg import segmentation
from ichor.formats.segments import HEMORRHAGE, INTRACRANIAL_HEMORRHAGE, AlgorithmType, Segment, subtype_segment
from ichor.read import open_scan
from ichor.read.dicom.source import read_source
from ichor.scan import Scan
from ichor.subtypes import Subtype
from paths import GE_HEAD_PART
from synthetic_dicom import PATIENT, ct_slices, enhanced_ct, hu_of_head, save, synthetic_series
from synthetic_scans import synthetic_head

FACTS = ObjectFacts("2.25.1", "2.25.2", 100, "made", datetime(2020, 1, 2, 3, 4, 5))
SEGMENTS = [INTRACRANIAL_HEMORRHAGE, *map(subtype_segment, Subtype)]
BY_MODEL = Segment("Hemorrhage by a model", HEMORRHAGE, algorithm=Algorithm("compact", "1"))


def test_how_a_segment_was_made_fits_its_algorithm() -> None:
    assert INTRACRANIAL_HEMORRHAGE.made() is AlgorithmType.MANUAL and BY_MODEL.made() is AlgorithmType.AUTOMATIC
    helped = replace(BY_MODEL, algorithm_type=AlgorithmType.SEMIAUTOMATIC)
    assert helped.made() is AlgorithmType.SEMIAUTOMATIC
    for segment, wrong in ((BY_MODEL, AlgorithmType.MANUAL), (INTRACRANIAL_HEMORRHAGE, AlgorithmType.AUTOMATIC)):
        with pytest.raises(ValueError, match="expected an algorithm unless the segment is MANUAL"):
            replace(segment, algorithm_type=wrong)


def segment_masks(scan: Scan, n_segments: int = 1) -> np.ndarray:
    """(n, rows, columns, segments) at random, overlapping, with an empty slice."""
    masks = np.random.default_rng(1).random((*scan.voxels.shape, n_segments)) > 0.9
    masks[1] = False
    return masks


def made(scan: Scan, masks: np.ndarray, *segments: Segment) -> Dataset:
    return segmentation(masks, segments, read_source(scan), FACTS, scan.source.frame_numbers)


def read_back(scan: Scan, written: Dataset, folder: Path, inherited: tuple[str, ...] = ()) -> np.ndarray:
    """Write, have dciodvfy look at it, and read the masks of the scan's own slices by highdicom."""
    write_images([written], folder / "SEG")
    assert set(errors(folder / "SEG" / "0001.dcm")) <= set(inherited)
    found = highdicom.seg.segread(folder / "SEG" / "0001.dcm")
    source = scan.source
    how = {"ignore_spatial_locations": True, "assert_missing_frames_are_empty": True}
    if len(set(source.instance_uids)) == 1:
        return found.get_pixels_by_source_frame(source.instance_uids[0], list(source.frame_numbers), **how)
    return found.get_pixels_by_source_instance(list(source.instance_uids), **how)


def enhanced_series(folder: Path) -> Path:
    return save([enhanced_ct(hu_of_head())], folder)


def enhanced_series_with_everything_per_frame(folder: Path) -> Path:
    one = enhanced_ct(hu_of_head())
    shared = one.SharedFunctionalGroupsSequence[0]
    for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
        for frame in one.PerFrameFunctionalGroupsSequence:
            setattr(frame, keyword, shared[keyword].value)
        del shared[keyword]
    return save([one], folder)


def zipped_series(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", synthetic_series(folder)))


@pytest.mark.dciodvfy
@pytest.mark.parametrize(
    "make",
    [synthetic_series, enhanced_series, enhanced_series_with_everything_per_frame, zipped_series],
    ids=lambda make: make.__name__,
)
def test_masks_come_back_from_every_kind_of_source(make, tmp_path: Path) -> None:
    scan = open_scan(make(tmp_path / "scan"))
    masks = segment_masks(scan, 2)
    back = read_back(scan, made(scan, masks, INTRACRANIAL_HEMORRHAGE, BY_MODEL), tmp_path)
    assert np.array_equal(back, masks)


@pytest.mark.dciodvfy
def test_masks_come_back_from_a_tilted_uneven_head(tmp_path: Path) -> None:
    scan = open_scan(GE_HEAD_PART)
    masks = segment_masks(scan)
    written = made(scan, masks[..., 0], INTRACRANIAL_HEMORRHAGE)
    of_the_source = tuple(errors(GE_HEAD_PART / "14.dcm"))
    found = read_back(scan, written, tmp_path, inherited=of_the_source)
    assert np.array_equal(found, masks)
    positions = {}
    for frame in written.PerFrameFunctionalGroupsSequence:
        source = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        positions[source] = frame.PlanePositionSequence[0].ImagePositionPatient
    assert len(positions) == scan.n_slices - 1  # the empty one is left out
    for uid, position in zip(scan.source.instance_uids, scan.positions_mm, strict=True):
        assert uid not in positions or np.allclose(positions[uid], position, atol=1e-3)


@pytest.mark.dciodvfy
def test_an_empty_mask_says_so_on_every_slice(tmp_path: Path) -> None:
    scan = open_scan(synthetic_series(tmp_path / "scan"))
    written = made(scan, np.zeros(scan.voxels.shape, bool), INTRACRANIAL_HEMORRHAGE)
    assert written.NumberOfFrames == scan.n_slices
    assert not read_back(scan, written, tmp_path).any()


def test_a_segment_says_what_it_shows_and_who_drew_it(tmp_path: Path) -> None:
    scan = open_scan(synthetic_series(tmp_path / "scan"))
    by_hand, by_model = made(scan, segment_masks(scan, 2), INTRACRANIAL_HEMORRHAGE, BY_MODEL).SegmentSequence
    kind, region = by_hand.SegmentedPropertyTypeCodeSequence[0], by_hand.AnatomicRegionSequence[0]
    assert (kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning) == ("50960005", "SCT", "Hemorrhage")
    assert (region.CodeValue, region.CodeMeaning) == ("1101003", "Intracranial")
    assert by_hand.SegmentAlgorithmType == "MANUAL"
    assert by_model.SegmentAlgorithmType == "AUTOMATIC" and by_model.SegmentAlgorithmName == "compact"


def test_the_codes_are_those_of_the_standard() -> None:
    """Values of PS3.16 (CID 4, 7150, 7153, 7159), typed here so that a changed dictionary is noticed."""
    codes = {one.property.code().value for one in SEGMENTS}
    assert codes == {"50960005"}
    assert {one.category.code().value for one in SEGMENTS} == {"49755003"}
    regions = [one.region.code().value for one in SEGMENTS if one.region is not None]
    assert regions == ["1101003", "35764002", "12738006", "35951006", "1101003", "1101003"]
    assert {one.property.code().scheme_designator for one in SEGMENTS} == {"SCT"}


def test_the_same_masks_give_the_same_bytes(tmp_path: Path) -> None:
    scan = open_scan(synthetic_series(tmp_path / "scan"))
    for name in ("a", "b"):
        write_images([made(scan, segment_masks(scan), INTRACRANIAL_HEMORRHAGE)], tmp_path / name)
    assert (tmp_path / "a" / "0001.dcm").read_bytes() == (tmp_path / "b" / "0001.dcm").read_bytes()


def careless(one: Dataset, k: int) -> None:
    """What old writers do: elements left out, and values of no standard."""
    for keyword in ("AccessionNumber", "StudyID", "ReferringPhysicianName", "FrameOfReferenceUID"):
        if keyword in one:
            del one[keyword]
    one.PatientName = "SECRET"
    one.add_new("PatientSex", "CS", "SECRETLY F")
    one.add_new("PatientBirthDate", "DA", "SECRETDAY")


@pytest.mark.dciodvfy
def test_a_careless_header_is_accepted_and_not_quoted(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import pydicom.config

    with pydicom.config.disable_value_validation():
        folder = save(ct_slices(change=careless), tmp_path / "scan")
    recwarn.clear()
    scan = open_scan(folder)
    masks = segment_masks(scan)
    written = made(scan, masks, INTRACRANIAL_HEMORRHAGE)
    said = "".join(capfd.readouterr()) + caplog.text + "".join(str(one.message) for one in recwarn)
    assert "SECRET" not in said and PATIENT["PatientID"] not in said
    assert np.array_equal(read_back(scan, written, tmp_path), masks)


def test_sources_that_a_segmentation_cannot_refer_to_are_refused(tmp_path: Path) -> None:
    scan = open_scan(enhanced_series(tmp_path / "scan"))
    sources = read_source(scan)
    other = read_source(open_scan(enhanced_series(tmp_path / "other")))
    masks = segment_masks(scan)
    with pytest.raises(IchorError, match="expected single-frame DICOM images or one multi-frame image, found 2"):
        segmentation(masks, [INTRACRANIAL_HEMORRHAGE], [*sources[:4], *other[4:]], FACTS, scan.source.frame_numbers)
    with pytest.raises(ValueError, match="expected a frame number for each of 8 slices, found 0"):
        segmentation(masks, [INTRACRANIAL_HEMORRHAGE], sources, FACTS)
    with pytest.raises(ValueError, match=r"expected masks of shape \(8, 'rows', 'columns', 2\), found"):
        segmentation(masks, [INTRACRANIAL_HEMORRHAGE, BY_MODEL], sources, FACTS)


def test_a_source_that_is_gone_or_no_dicom_is_refused_in_one_line(tmp_path: Path) -> None:
    scan = open_scan(synthetic_series(tmp_path / "scan"))
    next((tmp_path / "scan").iterdir()).unlink()
    with pytest.raises(
        UnreadableInput, match="expected the 8 DICOM instances that the scan was read from, found that 1 of"
    ):
        read_source(scan)
    with pytest.raises(UnreadableInput, match="expected a scan that was read from DICOM, found one from nifti"):
        read_source(replace(synthetic_head()))


def test_a_missing_highdicom_is_reported_with_the_command_to_install_it() -> None:
    code = (
        "import sys; sys.modules['highdicom'] = None\n"
        "from ichor.formats.dicom_out import import_highdicom\n"
        "from ichor.errors import IchorError\n"
        "try: import_highdicom()\n"
        "except IchorError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "DICOM objects: expected the package highdicom, found none; install it with pip install 'ichor-ct[dicom-out]'\n"
    )
