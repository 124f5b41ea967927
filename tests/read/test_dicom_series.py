"""Which files count, which series is the head CT, and what is said of the others."""

from __future__ import annotations

import errno
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

from ichor.errors import UnreadableInput
from ichor.read import dicom
from ichor.read.base import ReadOptions, SeriesSummary
from ichor.read.open import read_here
from synthetic_dicom import PATIENT, Change, ct_slices, enhanced_ct, hu_of_head, save, synthetic_series

HU = hu_of_head()
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def says(**header: Any) -> Change:
    def change(one: Dataset, k: int) -> None:
        for keyword, value in header.items():
            setattr(one, keyword, value)

    return change


def item(**values: Any) -> Dataset:
    one = Dataset()
    for keyword, value in values.items():
        setattr(one, keyword, value)
    return one


def reasons(folder: Path) -> dict[str | None, str]:
    return {one.uid: one.reason for one in inspect(folder)}


def inspect(folder: Path) -> tuple[SeriesSummary, ...]:
    return dicom.inspect(folder, ReadOptions()).series


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "REF_SURVIEW"]}, "localizer"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 TOPOGRAM"]}, "localizer"),
        ({"SOPClassUID": SECONDARY_CAPTURE}, "secondary capture"),
        ({"SOPClassUID": SECONDARY_CAPTURE + ".4"}, "secondary capture"),
        (
            {"SOPClassUID": SECONDARY_CAPTURE, "ImageType": ["DERIVED", "SECONDARY", "DOSE_INFO"]},
            "dose report",
        ),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "dose report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67", "Modality": "SR"}, "dose report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33", "Modality": "SR"}, "structured report"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR"}, "modality MR"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4", "Modality": "SEG"}, "modality SEG"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2"}, "not a CT image"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "reformatted plane (coronal)"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}, "reformatted plane (sagittal)"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0.6, -0.8]}, "reformatted plane (coronal)"),
        ({"RescaleType": "Z_EFF"}, "values are Z_EFF, not HU"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "color images"),
    ],
)
def test_why_a_series_is_not_the_head_ct(tmp_path: Path, header: dict[str, Any], reason: str) -> None:
    other = generate_uid()
    synthetic_series(tmp_path)
    synthetic_series(tmp_path, series_uid=other, change=says(**header))
    assert reasons(tmp_path)[other] == reason
    assert sorted(one.reason for one in inspect(tmp_path) if one.chosen) == ["axial head CT"]
    np.testing.assert_array_equal(dicom.read(tmp_path, ReadOptions()).voxels, HU)


def test_too_few_slices(tmp_path: Path) -> None:
    save(ct_slices()[:3], tmp_path)
    with pytest.raises(UnreadableInput, match=r"found 1 series: too few slices \(3; at least 5\)$"):
        dicom.read(tmp_path, ReadOptions())
    found = dicom.inspect(tmp_path, ReadOptions())
    assert found.series[0].reason == "too few slices (3; at least 5)"
    assert found.series[0].spacing_mm == (5.0, 5.0)
    assert found.series[0].hu is None
    assert found.warnings == (
        f"{tmp_path}: expected an axial head CT, found 1 series: too few slices (3; at least 5).",
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"change": says(BodyPartExamined="CHEST")}, "of another part of the body"),
        ({"spacing": 90.0}, "covers 630 mm"),
        ({"change": says(ImageType=["DERIVED", "PRIMARY", "AXIAL"])}, "derived from other images"),
        ({"change": says(ConvolutionKernel="H60s")}, "a kernel for bone or lung"),
        ({"change": says(ConvolutionKernel="BONEPLUS")}, "a kernel for bone or lung"),
        ({"change": says(ConvolutionKernel="FC30")}, "a kernel for bone or lung"),
        ({"change": says(ConvolutionKernel=["Hr59f", "3"])}, "a kernel for bone or lung"),
        ({"change": says(WindowCenter=600, WindowWidth=3000)}, "a kernel for bone or lung"),
        ({"change": says(ContrastBolusAgent="Iomeprol 300")}, "with contrast agent"),
        ({"thickness": 0.6}, "thinner slices (0.6 mm) than the models are intended for"),
        ({"thickness": 10.0}, "thicker slices (10.0 mm) than the models are intended for"),
        ({"thickness": 3.0}, "thinner slices (3.0 mm)"),
        ({"hu": HU[:7]}, "fewer slices (7)"),
    ],
)
def test_of_two_head_cts_the_better_one_is_read(tmp_path: Path, options: dict[str, Any], reason: str) -> None:
    """The better one's UID comes later, so that it is not the order that decides."""
    worse, better = "1.2.3.1", "1.2.3.2"
    synthetic_series(tmp_path, **options, series_uid=worse)
    synthetic_series(tmp_path, series_uid=better, change=says(ConvolutionKernel="H31s", BodyPartExamined="HEAD"))
    assert reasons(tmp_path) == {worse: f"also axial CT, but {reason}", better: "axial head CT"}
    assert dicom.read(tmp_path, ReadOptions()).source.series_uid == better


@pytest.mark.parametrize(
    ("header", "given"),
    [
        ({}, False),
        ({"ContrastBolusAgent": ""}, False),
        ({"ContrastBolusAgent": "None"}, False),
        ({"ContrastBolusAgent": "NO IV CONTRAST"}, False),
        ({"ContrastBolusAgent": "w/o"}, False),
        ({"ContrastBolusAgent": "NONE", "ContrastBolusVolume": 0}, False),
        ({"ContrastBolusVolume": 0}, False),
        ({"ContrastBolusAgent": "Iomeprol 300"}, True),
        ({"ContrastBolusAgent": "NON-IONIC"}, True),
        ({"ContrastBolusVolume": 70}, True),
        ({"ContrastBolusTotalDose": "50"}, True),
        ({"ContrastBolusAgentSequence": [item(CodeValue="C-B0322", CodeMeaning="Iohexol")]}, True),
    ],
)
def test_whether_contrast_agent_was_given(tmp_path: Path, header: dict[str, Any], given: bool) -> None:
    synthetic_series(tmp_path, change=says(**header))
    scan = dicom.read(tmp_path, ReadOptions())
    assert scan.contrast is given
    assert any("contrast agent" in warning for warning in scan.warnings) is given
    assert not any(name in repr(scan) for name in ("Iomeprol", "Iohexol"))


@pytest.mark.parametrize("administered", ["YES", "NO"])
def test_an_enhanced_image_says_of_its_frames_whether_contrast_agent_was_given(
    tmp_path: Path, administered: str
) -> None:
    image = enhanced_ct(HU)
    image.ContrastBolusAgentSequence = [item(CodeMeaning="Iohexol")]
    image.SharedFunctionalGroupsSequence[0].ContrastBolusUsageSequence = [
        item(ContrastBolusAgentAdministered=administered)
    ]
    save([image], tmp_path)
    assert dicom.read(tmp_path, ReadOptions()).contrast is (administered == "YES")


def test_a_wrong_body_part_without_alternatives_is_read_with_a_warning(tmp_path: Path) -> None:
    scan = dicom.read(synthetic_series(tmp_path, change=says(BodyPartExamined="ABDOMEN")), ReadOptions())
    assert scan.warnings == ("The header names a body part other than the head.",)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("by Dr. Secret", "The header states that the pixel size was calibrated."),
        (
            "Nominal, by Dr. Secret",
            "The header states that the pixel size is nominal and unverified: lengths and volumes may be wrong.",
        ),
    ],
)
def test_a_calibrated_pixel_size_is_reported_without_quoting_the_header(tmp_path: Path, words: str, told: str) -> None:
    series = synthetic_series(tmp_path, change=says(PixelSpacingCalibrationDescription=words))
    warnings = dicom.read(series, ReadOptions()).warnings
    assert told in warnings and "Secret" not in " ".join(warnings)


def test_contrast_weighs_more_than_the_kernel(tmp_path: Path) -> None:
    synthetic_series(
        tmp_path, series_uid="1.2.3.1", change=says(ConvolutionKernel="H31s", ContrastBolusAgent="Iomeprol")
    )
    synthetic_series(tmp_path, series_uid="1.2.3.2", change=says(ConvolutionKernel="H70h"))
    assert dicom.read(tmp_path, ReadOptions()).source.series_uid == "1.2.3.2"


def test_contrast_is_reported(tmp_path: Path) -> None:
    scan = dicom.read(synthetic_series(tmp_path, change=says(ContrastBolusAgent="Iomeprol")), ReadOptions())
    assert any("contrast agent" in warning for warning in scan.warnings)


class TestSeriesAskedFor:
    def test_it_is_read(self, tmp_path: Path) -> None:
        synthetic_series(tmp_path, series_uid="1.2.3.1")
        synthetic_series(tmp_path, HU + 3, series_uid="1.2.3.2", thickness=1.0)
        options = ReadOptions(series_uid="1.2.3.2")
        np.testing.assert_array_equal(dicom.read(tmp_path, options).voxels, HU + 3)
        found = dicom.inspect(tmp_path, options).series
        assert [one.chosen for one in found] == [False, True]
        assert found[0].reason == "also axial CT, but another series was requested"

    def test_a_short_one_is_read_too(self, tmp_path: Path) -> None:
        save(ct_slices(series_uid="1.2.3.1")[:2], tmp_path)
        options = ReadOptions(series_uid="1.2.3.1")
        assert dicom.read(tmp_path, options).n_slices == 2
        assert dicom.inspect(tmp_path, options).series[0].reason == "requested; too few slices (2; at least 5)"

    def test_it_is_absent(self, tmp_path: Path) -> None:
        synthetic_series(tmp_path)
        with pytest.raises(UnreadableInput, match=r"expected series 9\.9, found 1 other series"):
            dicom.inspect(tmp_path, ReadOptions(series_uid="9.9"))

    def test_it_is_not_a_head_ct(self, tmp_path: Path) -> None:
        synthetic_series(tmp_path, series_uid="1.2.3.1", change=says(Modality="MR"))
        with pytest.raises(UnreadableInput, match=r"expected series 1\.2\.3\.1 .* found modality MR"):
            dicom.read(tmp_path, ReadOptions(series_uid="1.2.3.1"))


class TestFiles:
    def test_folders_within_folders(self, tmp_path: Path) -> None:
        slices = ct_slices()
        save(slices[:4], tmp_path / "a" / "b")
        save(slices[4:], tmp_path / "c")
        np.testing.assert_array_equal(dicom.read(tmp_path, ReadOptions()).voxels, HU)

    def test_junk_is_passed_over(self, tmp_path: Path) -> None:
        folder = synthetic_series(tmp_path)
        (folder / "Thumbs.db").write_bytes(bytes(range(256)) * 4)
        (folder / "readme.txt").write_text("nothing of interest\n" * 20)
        (folder / "empty").touch()
        (folder / "not.dcm").write_text("text")
        scan = dicom.read(folder, ReadOptions())
        assert scan.n_slices == 8
        assert scan.warnings == ("not.dcm: expected a DICOM file, found other content; ignored.",)

    def test_with_dicomdir(self, tmp_path: Path) -> None:
        files = FileSet()
        for one in ct_slices():
            one.StudyID, one.StudyTime, one.AccessionNumber, one.SeriesNumber = "1", "120000", "", 1
            one.StudyInstanceUID = "1.2.3"
            files.add(one)
        files.write(tmp_path)
        assert (tmp_path / "DICOMDIR").is_file()
        for path in (tmp_path, tmp_path / "DICOMDIR"):
            scan = dicom.read(path, ReadOptions())
            np.testing.assert_array_equal(scan.voxels, HU)
            assert scan.warnings == ()
            assert scan.source.path == path

    @pytest.mark.parametrize("implicit", [True, False])
    def test_without_preamble(self, tmp_path: Path, implicit: bool) -> None:
        for k, one in enumerate(ct_slices()):
            plain = Dataset(one)
            pydicom.dcmwrite(tmp_path / str(k), plain, implicit_vr=implicit, little_endian=True)
        assert (tmp_path / "0").read_bytes()[128:132] != b"DICM"
        assert dicom.accepts(tmp_path)
        np.testing.assert_array_equal(dicom.read(tmp_path, ReadOptions()).voxels, HU)

    def test_a_file_that_cannot_be_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = save(ct_slices(), tmp_path, names=[f"{k}.dcm" for k in range(8)])
        original = Path.open

        def failing(path: Path, *options: Any) -> Any:
            if path.name == "0.dcm":
                raise OSError(errno.EIO, "Input/output error", str(path))
            return original(path, *options)

        monkeypatch.setattr(Path, "open", failing)
        scan = dicom.read(folder, ReadOptions())
        assert scan.n_slices == 7
        assert scan.warnings == ("0.dcm: could not be read (Input/output error); ignored.",)

    def test_a_file_that_vanishes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Between its header and its pixels, where there is no room to keep them."""
        from ichor.read.dicom import files, volume

        monkeypatch.setattr(files, "KEPT_BYTES", 0)
        folder = save(ct_slices(), tmp_path, names=[f"{k}.dcm" for k in range(8)])
        original = volume.stored_images

        def after_it_is_gone(slices: Any) -> Any:
            (folder / "0.dcm").unlink(missing_ok=True)
            return original(slices)

        monkeypatch.setattr(volume, "stored_images", after_it_is_gone)
        scan = dicom.read(folder, ReadOptions())
        assert scan.n_slices == 7
        assert scan.warnings[0] == "0.dcm: No such file or directory; slice left out."

    def test_nothing_there(self, tmp_path: Path) -> None:
        assert not dicom.accepts(tmp_path)
        with pytest.raises(UnreadableInput, match="expected DICOM images, found none"):
            dicom.read(tmp_path, ReadOptions())


@pytest.mark.filterwarnings("ignore")
def test_nothing_of_a_patient_is_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    """With values that pydicom would quote in a warning of its own."""
    slices = ct_slices(change=says(PatientID="SECRET-4711" * 9, AccessionNumber="SECRET" * 9))
    for one in slices[:2]:
        one.add_new("PatientAge", "AS", "SECRET")
    folder = save(slices, tmp_path)
    caplog.clear()  # pydicom has just quoted them while writing
    scan = dicom.read(folder, ReadOptions())
    found = dicom.inspect(folder, ReadOptions())
    shown = [*scan.warnings, str(found.as_json()), repr(scan.source), caplog.text, *capfd.readouterr()]
    assert not [text for text in shown for value in ("SECRET", *PATIENT.values()) if value in text]


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_end_in_one_line_at_worst(tmp_path: Path, seed: int) -> None:
    """Bytes changed anywhere in the headers, files cut anywhere: warnings or one clear line, nothing else."""
    random = np.random.default_rng(seed)
    folder = save(ct_slices(HU[:6]), tmp_path)
    for file in folder.iterdir():
        content = bytearray(file.read_bytes())
        for place in random.integers(132, 1400, random.choice([1, 5, 20])):
            content[place] = random.integers(256)
        if random.random() < 0.2:
            del content[random.integers(len(content)) :]
        file.write_bytes(content)
    try:
        warnings = dicom.read(folder, ReadOptions()).warnings
    except UnreadableInput as error:
        warnings = (str(error),)
    assert not [line for line in warnings if not line.isprintable()]


def test_each_file_is_opened_once(tmp_path: Path) -> None:
    """But for the first, which is asked beforehand whether it is DICOM at all."""
    folder = synthetic_series(tmp_path)
    opened: Counter[str] = Counter()
    counting = True

    def count(event: str, arguments: tuple[object, ...]) -> None:  # a hook stays until the process ends
        if counting and event == "open" and isinstance(arguments[0], str | Path):
            path = Path(arguments[0])
            opened.update([path.name] if path.parent == folder else [])

    sys.addaudithook(count)
    read_here(folder, ReadOptions())
    counting = False
    names = sorted(one.name for one in folder.iterdir())
    assert opened == Counter(names) + Counter(names[:1])
