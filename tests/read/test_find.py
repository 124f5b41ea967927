"""Every scan that lies at a path is found, whatever holds it; `inspect` and `screen` go by the same list."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from demo_series import change, demo_slices
from ichor.errors import UnreadableInput
from ichor.read import ScanPath, find_scans, inspect, open_scan
from ichor.read.dicom.identity import Identity, by_patient_and_study, identity_at, identity_of
from phantom import head
from synthetic_dicom import hu_of_head, save, synthetic_series

HU = hu_of_head()


def nifti(path: Path, hu: np.ndarray = HU) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(hu.transpose(2, 1, 0), np.diag([-0.5, -0.5, 5, 1])), path)
    return path


def patient(folder: Path, name: str, hu: np.ndarray = HU, **options: object) -> Path:
    return synthetic_series(
        folder, hu, study_uid=generate_uid(), change=lambda one, _: setattr(one, "PatientID", name), **options
    )


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


def places(path: Path) -> list[tuple[str, str]]:
    """Where each scan lies below the path, and its label."""
    return [(one.path.relative_to(path).as_posix(), one.label) for one in find_scans(path)]


def voxels(path: Path) -> list[np.ndarray]:
    return [open_scan(one).voxels for one in find_scans(path)]


class TestPatientsInOnePlace:
    @pytest.mark.parametrize("flat", [True, False])
    @pytest.mark.parametrize("in_zip", [True, False])
    def test_each_is_a_scan_of_its_own_slices(self, tmp_path: Path, flat: bool, in_zip: bool) -> None:
        folder = tmp_path / "both"
        patient(folder if flat else folder / "P001", "A")
        patient(folder if flat else folder / "P002", "B", HU + 3)
        path = zipped(folder) if in_zip else folder
        found = find_scans(path)
        first, second = (open_scan(one) for one in found)
        # File names say nothing of whose they are, so either may come first.
        low, high = sorted((first, second), key=lambda scan: int(scan.voxels.max()))
        np.testing.assert_array_equal(low.voxels, HU)
        np.testing.assert_array_equal(high.voxels, HU + 3)
        labels = [one.label for one in found]
        assert labels == (["1", "2"] if flat else ["P001", "P002"] if in_zip else ["", ""])
        for one in found:
            (series,) = inspect(one).series
            assert series.uid == open_scan(one).source.series_uid

    def test_neither_is_read_if_none_is_selected(self, tmp_path: Path) -> None:
        patient(tmp_path / "both", "A")
        patient(tmp_path / "both", "B")
        for path in (tmp_path / "both", zipped(tmp_path / "both")):
            for ask in (open_scan, inspect):
                with pytest.raises(UnreadableInput, match=r"both.*: expected one scan, found 2"):
                    ask(path)

    def test_one_study_uid_for_both(self, tmp_path: Path) -> None:
        for name in ("A", "B"):
            patient(tmp_path, name)
        for file in tmp_path.iterdir():
            one = pydicom.dcmread(file)
            one.StudyInstanceUID = "1.2.3"
            one.save_as(file)
        assert places(tmp_path) == [(".", "1"), (".", "2")]

    def test_a_requested_series_is_read_from_the_folder_that_has_it(self, tmp_path: Path) -> None:
        patient(tmp_path / "both", "A", series_uid="1.2.3.1")
        patient(tmp_path / "both", "B", series_uid="1.2.3.2")
        for path in (tmp_path / "both", zipped(tmp_path / "both")):
            (one,) = find_scans(path, series_uid="1.2.3.2")
            assert open_scan(one).source.series_uid == "1.2.3.2"
            assert len(find_scans(path, series_uid="9.9")) == 2

    def test_a_report_of_another_name_is_not_a_scan(self, tmp_path: Path) -> None:
        """As where an anonymizer renamed the images alone."""
        patient(tmp_path, "A")
        (report, *_) = demo_slices(PatientID="B", StudyInstanceUID="1.2.3", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67")
        change(report, Modality="SR", PixelData=None, Rows=None, Columns=None)
        save([report], tmp_path, names=["report.dcm"])
        (one,) = find_scans(tmp_path)
        np.testing.assert_array_equal(open_scan(one).voxels, HU)

    def test_a_damaged_file_among_them_is_reported(self, tmp_path: Path) -> None:
        patient(tmp_path, "A")
        patient(tmp_path, "B")
        first = sorted(tmp_path.iterdir())[0]
        first.write_bytes(first.read_bytes()[:900])
        warnings = [warning for one in find_scans(tmp_path) for warning in open_scan(one).warnings]
        assert [warning for warning in warnings if warning.startswith(f"{first.name}: ") and "truncated" in warning]


class TestOtherFilesBeside:
    def test_dicom_and_nifti(self, tmp_path: Path) -> None:
        folder = synthetic_series(tmp_path / "scan")
        nifti(folder / "converted.nii.gz", head(columns=36, rows=40) + 5)
        assert places(folder) == [(".", ""), ("converted.nii.gz", "")]
        dicom, converted = (open_scan(one) for one in find_scans(folder))
        assert (dicom.source.kind, converted.source.kind) == ("dicom", "nifti")
        found = find_scans(zipped(folder))
        assert [one.label for one in found] == ["DICOM", "converted.nii.gz"]
        assert [open_scan(one).source.kind for one in found] == ["dicom", "nifti"]

    def test_a_zip_of_two_niftis(self, tmp_path: Path) -> None:
        nifti(tmp_path / "two" / "a" / "p1.nii.gz")
        nifti(tmp_path / "two" / "a" / "p2.nii.gz", HU + 1)
        found = find_scans(zipped(tmp_path / "two"))
        assert [one.label for one in found] == ["p1.nii.gz", "p2.nii.gz"]
        assert [int(open_scan(one).voxels.max() - HU.max()) for one in found] == [0, 1]

    def test_only_the_requested_scan_is_unpacked(self, tmp_path: Path) -> None:
        """A damaged scan in a zip does not cost the others."""
        nifti(tmp_path / "two" / "p1.nii.gz")
        nifti(tmp_path / "two" / "p2.nii.gz")
        path = zipped(tmp_path / "two")
        with zipfile.ZipFile(path) as packed:
            at = packed.getinfo("p2.nii.gz").header_offset
        content = bytearray(path.read_bytes())
        content[at + 2000 : at + 2100] = bytes(100)
        path.write_bytes(content)
        first, second = find_scans(path)
        np.testing.assert_array_equal(open_scan(first).voxels, HU)
        with pytest.raises(UnreadableInput, match="damaged"):
            open_scan(second)

    def test_a_zip_in_a_folder_counts_as_its_content(self, tmp_path: Path) -> None:
        for name in ("A", "B"):
            patient(tmp_path / "export" / name, name)
        zipped(tmp_path / "export")
        shutil.rmtree(tmp_path / "export")
        nifti(tmp_path / "a.nii")
        assert places(tmp_path) == [("a.nii", ""), ("export.zip", "A"), ("export.zip", "B")]


class TestLinks:
    def test_files_that_are_links_are_read(self, tmp_path: Path) -> None:
        synthetic_series(tmp_path / "annex")
        (tmp_path / "sub-01").mkdir()
        for file in (tmp_path / "annex").iterdir():
            (tmp_path / "sub-01" / file.name).symlink_to(f"../annex/{file.name}")
        (one,) = find_scans(tmp_path / "sub-01")
        scan = open_scan(one)
        np.testing.assert_array_equal(scan.voxels, HU)
        assert scan.warnings == ()
        assert places(tmp_path) == [(".", "")]
        assert open_scan(tmp_path).warnings == ()  # no slice is counted twice

    def test_links_into_a_hidden_store(self, tmp_path: Path) -> None:
        """As git-annex keeps files."""
        synthetic_series(tmp_path / ".git" / "annex" / "objects")
        (tmp_path / "sub-01").mkdir()
        for file in (tmp_path / ".git" / "annex" / "objects").iterdir():
            (tmp_path / "sub-01" / file.name).symlink_to(file)
        assert open_scan(find_scans(tmp_path)[0]).warnings == ()

    def test_folders_that_are_links_are_entered_once(self, tmp_path: Path) -> None:
        synthetic_series(tmp_path / "store")
        cohort = tmp_path / "cohort"
        cohort.mkdir()
        (cohort / "a").symlink_to(tmp_path / "store", target_is_directory=True)
        (cohort / "b").symlink_to(tmp_path / "store", target_is_directory=True)
        (cohort / "up").symlink_to(tmp_path, target_is_directory=True)
        (cohort / "circle").symlink_to(cohort, target_is_directory=True)
        scan = open_scan(cohort)
        np.testing.assert_array_equal(scan.voxels, HU)
        assert scan.warnings == ()

    def test_a_link_to_nothing_is_passed_over(self, tmp_path: Path) -> None:
        folder = synthetic_series(tmp_path)
        (folder / "gone.dcm").symlink_to(tmp_path / "nowhere")
        np.testing.assert_array_equal(open_scan(folder).voxels, HU)


def test_metadata_files_of_macos_in_folders_are_ignored(tmp_path: Path) -> None:
    folder = save(demo_slices(), tmp_path, names=[f"{k:02d}.dcm" for k in range(13)])
    for file in sorted(folder.iterdir()):
        (folder / f"._{file.name}").write_bytes(bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(200))
    scan = open_scan(folder)
    assert not [warning for warning in scan.warnings if "._" in warning]
    assert places(tmp_path) == [(".", "")]


def test_many_files_that_are_not_dicom_are_one_warning(tmp_path: Path) -> None:
    folder = synthetic_series(tmp_path)
    for k in range(20):
        (folder / f"{k:02d}.dcm").write_text("text")
    (warning,) = open_scan(folder).warnings
    assert warning == "20 files: expected a DICOM file, found other content; ignored (00.dcm and others)."


class TestIdentity:
    def test_the_beginning_of_a_file_says_what_the_whole_does(self, tmp_path: Path) -> None:
        slices = demo_slices(StudyDate="20240102", AccessionNumber="7", PatientID="Käse")
        change(slices[1], PatientID=None)
        change(slices[2], StudyInstanceUID=None)
        save(slices, tmp_path, names=[str(k) for k in range(13)])
        for file in tmp_path.iterdir():
            found = identity_at(file)
            assert found is not None
            assert found == identity_of(pydicom.dcmread(file))
            assert found.series_uid == slices[0].SeriesInstanceUID.encode()

    @pytest.mark.parametrize("undefined", [True, False])
    @pytest.mark.parametrize("deep", [True, False])
    def test_sequences_before_it_are_passed_over(self, tmp_path: Path, undefined: bool, deep: bool) -> None:
        inner = pydicom.Dataset()
        inner.CodeValue = "x" * 16
        item = pydicom.Dataset()
        item.PurposeOfReferenceCodeSequence = [inner]
        (one, *_) = demo_slices()
        one.ReferencedImageSequence = [item] * (400 if deep else 2)
        one["ReferencedImageSequence"].is_undefined_length = undefined
        one.save_as(tmp_path / "one")
        found = identity_at(tmp_path / "one")
        assert found is not None
        assert found.study_uid == one.StudyInstanceUID.encode()

    def test_other_files_have_none(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("text")
        assert identity_at(tmp_path / "a") is None
        (tmp_path / "b").write_bytes(bytes(128) + b"DICM" + b"\xff" * 9000)
        assert identity_at(tmp_path / "b") == Identity()

    @pytest.mark.parametrize(
        ("files", "studies"),
        [
            ([("A", "1"), ("B", "2"), ("A", "1")], [0, 1, 0]),
            ([("A", "1"), ("B", "1")], [0, 1]),
            ([("A", "1"), ("A", "2")], [0, 1]),
            ([("A", "1"), ("", "1"), ("", "2")], [0, 0, 1]),
            ([("A", "1"), ("", "1"), ("B", "1")], [0, 1, 2]),
            ([("A", ""), ("B", ""), ("", "")], [0, 1, 2]),
            ([("A", str(k)) for k in range(6)], [0] * 6),
            ([("AB"[k % 2], str(k)) for k in range(6)], [0, 1, 0, 1, 0, 1]),
        ],
    )
    def test_who_belongs_together(self, files: list[tuple[str, str]], studies: list[int]) -> None:
        said = [Identity(patient.encode(), study.encode(), b"", b"", single=True) for patient, study in files]
        assert by_patient_and_study(said) == studies

    def test_nothing_of_it_is_shown(self) -> None:
        assert "SECRET" not in repr(Identity(b"SECRET", b"SECRET", b"SECRET", b"SECRET"))


def test_a_scan_is_called_by_path_and_label(tmp_path: Path) -> None:
    assert str(ScanPath(tmp_path, ("a",), "P001")) == f"{tmp_path}/P001"
    assert str(ScanPath(tmp_path)) == str(tmp_path)
