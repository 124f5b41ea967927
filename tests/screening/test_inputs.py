"""Which scans a path, a folder of studies or a list stands for, and what their results are called."""

from __future__ import annotations

import os
from pathlib import Path

import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from ichor.errors import UnreadableInput
from ichor.read import ScanPath, images
from ichor.screening.inputs import content_sha256, find_scans, input_sha256
from synthetic_scans import write_synthetic_nifti


def dicom(path: Path, study: str) -> Path:
    """A DICOM file that says its study, all that is asked of it here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    file = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    file.StudyInstanceUID = study
    pydicom.dcmwrite(path, file)
    return path


def ct_ich_subject(folder: Path) -> Path:
    for window in ("brain", "bone"):
        (folder / window).mkdir(parents=True)
        Image.new("L", (650, 650)).save(folder / window / "1.jpg")
    return folder


def scans(*paths: Path, out: Path = Path("nowhere")) -> list[Path]:
    """Where the scans lie, of which none shares its path with another."""
    found = find_scans(paths, out)
    assert not any(one.label for one in found)
    return [one.path for one in found]


def test_a_study_with_its_series_is_one_scan(tmp_path: Path) -> None:
    for series in ("S1", "S2"):
        dicom(tmp_path / "study" / series / "1.dcm", "1.2.3")
    assert scans(tmp_path / "study") == [tmp_path / "study"]
    assert scans(tmp_path) == [tmp_path]


def test_two_studies_are_two_scans_wherever_their_files_are(tmp_path: Path) -> None:
    dicom(tmp_path / "1.dcm", "1.2.3")
    dicom(tmp_path / "more" / "2.dcm", "1.2.4")
    dicom(tmp_path / "more" / "3.dcm", "1.2.3")
    assert find_scans([tmp_path]) == [
        ScanPath(tmp_path, ("1.dcm", "more/3.dcm"), "1"),
        ScanPath(tmp_path / "more", ("2.dcm",), "1"),
    ]
    (tmp_path / "more" / "3.dcm").unlink()
    assert find_scans([tmp_path]) == [ScanPath(tmp_path, ("1.dcm",), "1"), ScanPath(tmp_path / "more")]


def test_of_several_studies_each_is_a_scan(tmp_path: Path) -> None:
    dicom(tmp_path / "A" / "first" / "S1" / "1.dcm", "1.2.3")
    dicom(tmp_path / "A" / "second" / "S1" / "1.dcm", "1.2.4")
    dicom(tmp_path / "B" / "S1" / "1.dcm", "1.2.5")
    dicom(tmp_path / "B" / "S2" / "1.dcm", "1.2.5")
    (tmp_path / "notes.txt").write_text("beside them")
    assert scans(tmp_path) == [tmp_path / "A" / "first", tmp_path / "A" / "second", tmp_path / "B"]


def test_a_damaged_file_does_not_hide_its_study(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "0.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    dicom(tmp_path / "A" / "1.dcm", "1.2.3")
    dicom(tmp_path / "B" / "1.dcm", "1.2.4")
    assert scans(tmp_path) == [tmp_path / "A", tmp_path / "B"]


def test_nifti_files_zips_and_subjects_are_each_a_scan(tmp_path: Path) -> None:
    write_synthetic_nifti(tmp_path / "b.nii.gz", n=2, size=16)
    (tmp_path / "deep").mkdir()
    write_synthetic_nifti(tmp_path / "deep" / "a.nii", n=2, size=16)
    ct_ich_subject(tmp_path / "049")
    (tmp_path / "readme.md").write_text("no scan")
    (tmp_path / ".hidden.nii.gz").touch()
    assert scans(tmp_path) == [tmp_path / "049", tmp_path / "b.nii.gz", tmp_path / "deep" / "a.nii"]


def test_a_folder_of_images_is_one_scan(tmp_path: Path) -> None:
    for k in (1, 2):
        Image.new("L", (32, 32)).save(tmp_path / f"{k}.png")
    assert scans(tmp_path) == [tmp_path]


def test_a_subfolder_without_a_scan_is_kept_to_say_why(tmp_path: Path) -> None:
    write_synthetic_nifti(tmp_path / "a.nii.gz", n=2, size=16)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "1.raw").write_bytes(b"?")
    (tmp_path / "empty").mkdir()
    assert scans(tmp_path) == [tmp_path / "a.nii.gz", tmp_path / "broken"]


def test_results_within_the_folder_are_not_input(tmp_path: Path) -> None:
    write_synthetic_nifti(tmp_path / "a.nii.gz", n=2, size=16)
    (tmp_path / "results" / "a").mkdir(parents=True)
    write_synthetic_nifti(tmp_path / "results" / "a" / "mask.nii.gz", n=2, size=16)
    assert scans(tmp_path, out=tmp_path / "results") == [tmp_path / "a.nii.gz"]


def test_what_does_not_fit_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert scans(tmp_path / "missing", tmp_path / "empty") == [tmp_path / "missing", tmp_path / "empty"]


def test_a_list_names_paths_relative_to_itself(tmp_path: Path) -> None:
    study = tmp_path / "studies" / "A"
    dicom(study / "1.dcm", "1.2.3")
    a = write_synthetic_nifti(tmp_path / "a.nii.gz", n=2, size=16)
    listing = tmp_path / "scans.txt"
    listing.write_text(f"# to screen\n\n  a.nii.gz \nstudies/A\n{a}\nmissing\n", encoding="utf-8-sig")
    assert scans(listing, a) == [a, study, tmp_path / "missing"]


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe\x00"])
def test_a_list_that_names_nothing_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scans.txt").write_bytes(content)
    with pytest.raises(UnreadableInput, match=r"scans\.txt: expected .*, found"):
        scans(tmp_path / "scans.txt")


def test_a_changed_input_is_another_input(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = input_sha256(tmp_path)
    assert input_sha256(tmp_path) == before
    os.utime(tmp_path / "a", (0, 0))
    assert input_sha256(tmp_path) != before
    assert content_sha256(tmp_path) == content_sha256(tmp_path)
    held = content_sha256(tmp_path)
    (tmp_path / "a").write_text("2")
    assert content_sha256(tmp_path) != held


def test_a_disc_with_an_index_of_several_studies_is_several_scans(tmp_path: Path) -> None:
    dicom(tmp_path / "DICOMDIR", "1.2.3")
    studies = [dicom(tmp_path / name / "I1", f"1.2.{k}").parent for k, name in enumerate("AB")]
    assert scans(tmp_path) == studies


def test_a_disc_with_a_logo_is_dicom(tmp_path: Path) -> None:
    dicom(tmp_path / "DATA" / "I1", "1.2.3")
    Image.new("L", (8, 8)).save(tmp_path / "logo1.jpg")
    assert scans(tmp_path) == [tmp_path]
    assert not images.accepts(tmp_path)


def test_an_impossible_listed_path_is_kept_for_reading_to_refuse(tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("~no-such-user/scan\na\0b\n")
    assert scans(listed) == [tmp_path / "~no-such-user" / "scan", tmp_path / "a?b"]
