"""Output `dicom-sc`: the key slices as pixels, with outlines where the mask ends and the notice below."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from PIL import Image
from pydicom.dataset import FileDataset

from dicom_valid import errors, errors_between
from ichor.orientation import to_radiological
from ichor.screening.screener import Screener
from ichor.subtypes import Subtype
from ichor.write.capture_picture import CapturePictures
from ichor.write.dicom_capture import MOST_SLICES, key_slices
from ichor.write.result import Result
from paths import DEMO, GE_HEAD
from synthetic_dicom import ct_slices, hu_of_head, save
from synthetic_scans import FEET_FIRST, PRONE, TRANSPOSED, SubtypesMethod, ThresholdMethod


@pytest.fixture(scope="module")
def result() -> Result:
    """Of the demonstration scan, by the shipped model."""
    return Screener().screen(DEMO)


def captured(result: Result, folder: Path) -> list[FileDataset]:
    result.save(folder, ["dicom-sc"])
    return [pydicom.dcmread(folder / f"capture-{k}.dcm") for k in range(1, len(list(folder.glob("*.dcm"))) + 1)]


@pytest.mark.dciodvfy
def test_each_key_slice_is_an_image_of_the_patients_study(result: Result, tmp_path: Path) -> None:
    made, source = captured(result, tmp_path / "out"), pydicom.dcmread(DEMO / "01.dcm")
    uids = [one.SourceImageSequence[0].ReferencedSOPInstanceUID for one in made]
    assert uids == [result.scan.source.instance_uids[k] for k in key_slices(result.findings)]
    assert len({one.SOPInstanceUID for one in made}) == len(made)
    (series,) = {one.SeriesInstanceUID for one in made}
    assert series != source.SeriesInstanceUID
    for one in made:
        assert one.SOPClassUID.name == "Secondary Capture Image Storage"
        assert (one.PhotometricInterpretation, one.BitsAllocated, one.file_meta.TransferSyntaxUID.is_compressed) == (
            "RGB",
            8,
            False,
        )
        assert (one.BurnedInAnnotation, one.ConversionType) == ("NO", "WSD")
        assert one.LossyImageCompression == source.LossyImageCompression == "01"  # ct-ich was JPG once
        assert "burned in" in one.DerivationDescription and "Research use only" in one.ImageComments
        assert "PixelSpacing" not in one  # nothing is to be measured on it
        for keyword in ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID", "AccessionNumber"):
            assert one.get(keyword, "") == source.get(keyword, "")
    files = sorted((tmp_path / "out").glob("*.dcm"))
    assert [errors(file) for file in files] == [[]] * len(files)
    sources = sorted(DEMO.glob("*.dcm"))
    assert errors_between([*sources, *files]) == errors_between(sources)
    by_sitk = sitk.GetArrayFromImage(sitk.ReadImage(files[0]))[0]
    assert np.array_equal(by_sitk, made[0].pixel_array)


@pytest.mark.parametrize("orientation", [PRONE, FEET_FIRST, TRANSPOSED], ids=["prone", "feet first", "transposed"])
def test_outlines_run_where_the_mask_ends(tmp_path: Path, orientation: np.ndarray) -> None:
    series = save(ct_slices(hu_of_head(), orientation=orientation.ravel().tolist()), tmp_path / "in")
    result = Screener.of(SubtypesMethod()).screen(series)
    assert result.labels is not None
    pixels = captured(result, tmp_path / "out")[0].pixel_array
    (k,) = key_slices(result.findings)
    labels = to_radiological(result.labels, result.scan)[k]
    (label,) = set(np.unique(labels).tolist()) - {0}
    colour = [int(tuple(Subtype)[label - 1].colour[i : i + 2], 16) for i in (1, 3, 5)]
    drawn = (pixels == colour).all(axis=-1)
    rows, columns = labels.shape
    scale = pixels.shape[1] / columns
    height = round(rows * scale)
    marked = Image.fromarray((labels == label).astype(np.uint8))
    shown = np.asarray(marked.resize((pixels.shape[1], height), Image.Resampling.NEAREST)) > 0
    edge = shown ^ np.roll(shown, 1, 0) | shown ^ np.roll(shown, 1, 1)
    near = np.zeros_like(edge)
    reach = int(scale)  # outlines cut the corners of pixels
    for y, x in np.argwhere(edge):
        near[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = True
    assert drawn[:height].sum() > 50 and not (drawn[:height] & ~near).any()


def test_the_notice_stands_on_each_and_the_slice_below_the_outline_is_the_scan(result: Result, tmp_path: Path) -> None:
    pictures = CapturePictures(result)
    for k in (0, 6):
        pixels = pictures.of(k)
        words = pixels[-100:, :, :]
        assert (words == 255).all(axis=-1).sum() > 300  # white words on black
        assert np.array_equal(np.unique(pixels[:20, :20]), [0])  # air
    other = CapturePictures(replace(result, findings=result.findings)).of(6)
    assert np.array_equal(other, pictures.of(6))


@pytest.mark.ge_head
@pytest.mark.dciodvfy
def test_of_the_tilted_ge_head(tmp_path: Path) -> None:
    result = Screener.of(SubtypesMethod()).screen(GE_HEAD)
    made = captured(result, tmp_path / "out")
    assert 1 < len(made) <= MOST_SLICES
    uids = [one.SourceImageSequence[0].ReferencedSOPInstanceUID for one in made]
    assert uids == [result.scan.source.instance_uids[k] for k in key_slices(result.findings)]
    for one in made:
        file = tmp_path / "out" / f"capture-{one.InstanceNumber}.dcm"
        assert set(errors(file)) <= set(errors(GE_HEAD / "14.dcm"))


@pytest.mark.dciodvfy
def test_where_nothing_was_found_the_likeliest_slice_is_shown(tmp_path: Path) -> None:
    hu = hu_of_head()
    hu[(hu > 50) & (hu < 100)] = 35
    result = Screener.of(ThresholdMethod()).screen(save(ct_slices(hu), tmp_path / "in"))
    (one,) = captured(result, tmp_path / "out")
    likeliest = int(result.segmentation.slice_probability.argmax())
    assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == result.scan.source.instance_uids[likeliest]
    assert errors(tmp_path / "out" / "capture-1.dcm") == []


def test_identity_burned_into_the_source_and_its_lossy_compression_are_not_denied(tmp_path: Path) -> None:
    def burned(one: FileDataset, k: int) -> None:
        one.BurnedInAnnotation = "YES"
        one.LossyImageCompression, one.LossyImageCompressionRatio = "01", 8
        one.LossyImageCompressionMethod = "ISO_10918_1"

    result = Screener.of(ThresholdMethod()).screen(save(ct_slices(hu_of_head(), change=burned), tmp_path / "in"))
    one = captured(result, tmp_path / "out")[0]
    assert (one.BurnedInAnnotation, one.LossyImageCompression, one.LossyImageCompressionRatio) == ("YES", "01", 8)
