"""Rows and scans that belong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichor.errors import UnreadableInput
from ichor.read import ScanPath, find_scans
from ichor.read.dicom.acquisition import Keys, acquisition_of, keys_of
from ichor.validation.joining import Joined, join, require_all
from ichor.validation.table import read_table
from ichor.validation.truth import Truth, read_truth
from synthetic_dicom import ct_slices, save


def truth(folder: Path, text: str) -> Truth:
    (folder / "truth.csv").write_text(text)
    return read_truth(read_table(folder / "truth.csv"))


def no_files(_: ScanPath) -> Keys:
    raise AssertionError("expected no DICOM file to be opened")


def paired(joined: Joined) -> dict[int, str]:
    return {row.number: scan.path.name for row, scan in joined.pairs}


SCANS = [ScanPath(Path("/data/site/P001.nii.gz")), ScanPath(Path("/data/site/P002.nii.gz"))]


@pytest.mark.parametrize(
    "names",
    [("P001", "P002"), ("p001.nii.gz", "P002.NII.GZ"), ("/data/site/P001.nii.gz", "/data/site/P002.nii.gz")],
    ids=["names", "files", "paths"],
)
def test_by_name_or_path(tmp_path: Path, names: tuple[str, str]) -> None:
    table = truth(tmp_path, f"id,ICH\n{names[1]},0\n{names[0]},1\n")
    assert paired(join(table, SCANS, no_files)) == {2: "P002.nii.gz", 3: "P001.nii.gz"}


def test_by_a_path_relative_to_the_table(tmp_path: Path) -> None:
    scans = [ScanPath(tmp_path / "scans" / name / "ct.nii.gz") for name in ("a", "b")]
    table = truth(tmp_path, "file,ICH\nscans/b/ct.nii.gz,0\nscans/a/ct.nii.gz,1\n")
    assert [scan.path.parent.name for _, scan in join(table, scans, no_files).pairs] == ["b", "a"]


def test_zeros_that_a_spreadsheet_removed(tmp_path: Path) -> None:
    scans = [ScanPath(Path("/data/007")), ScanPath(Path("/data/070"))]
    assert paired(join(truth(tmp_path, "id,ICH\n7,0\n70,1\n"), scans, no_files)) == {2: "007", 3: "070"}


def test_the_column_that_fits_is_used(tmp_path: Path) -> None:
    table = truth(tmp_path, "case,file,ICH\n1,P001,1\n2,P002,0\n")
    joined = join(table, SCANS, no_files)
    assert len(joined.pairs) == 2 and "column file" in joined.by


@pytest.fixture
def studies(tmp_path: Path) -> list[ScanPath]:
    """Two studies in folders whose names say nothing."""
    for k in range(2):

        def change(one: object, _: int, k: int = k) -> None:
            one.PatientID, one.AccessionNumber = f"000{k}77", f"ACC{k}"  # type: ignore[attr-defined]
            one.PatientAge, one.PatientSex = "072Y", "F"  # type: ignore[attr-defined]
            one.Manufacturer, one.ManufacturerModelName = "Maker", "Model 7"  # type: ignore[attr-defined]
            one.ConvolutionKernel = "H31s"  # type: ignore[attr-defined]

        save(ct_slices(study_uid=f"1.2.3.{k}", series_uid=f"1.2.3.{k}.1", change=change), tmp_path / "in" / f"x{k}")
    return find_scans(tmp_path / "in")


@pytest.mark.parametrize(
    ("column", "names"),
    [("StudyInstanceUID", ("1.2.3.1", "1.2.3.0")), ("accession", ("acc1", "acc0")), ("MRN", ("177", "77"))],
    ids=["study UID", "accession number", "patient ID without its zeros"],
)
def test_by_what_the_files_say(tmp_path: Path, studies: list[ScanPath], column: str, names: tuple[str, str]) -> None:
    table = truth(tmp_path, f"{column},ICH\n{names[0]},0\n{names[1]},1\n")
    joined = join(table, studies)
    assert paired(joined) == {2: "x1", 3: "x0"}
    assert "what the DICOM files say" in joined.by


def test_what_is_read_of_the_files(studies: list[ScanPath]) -> None:
    found = acquisition_of(studies[0], ("1.2.3.0.1",))
    assert (found.scanner, found.kernel, found.contrast, found.age, found.sex) == (
        "Maker Model 7",
        "H31S",
        "no",
        "072Y",
        "F",
    )
    assert acquisition_of(studies[0], ("1.2.3.4.5",)).scanner is None
    keys = keys_of(studies[0])
    assert keys.patient == "000077" and "000077" not in repr(keys)
    assert keys_of(ScanPath(Path("/none"))) == Keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,ICH\nP001,1\nP001,0\n", "expected one row for scan P001, found 2 .rows 2, 3."),
        ("id,ICH\nQ1,1\nQ2,0\n", "expected names of the 2 scans in id, found none of their names"),
    ],
    ids=["duplicate", "no match"],
)
def test_rows_that_cannot_be_joined_are_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(UnreadableInput, match=expected):
        join(truth(tmp_path, text), SCANS, lambda _: Keys())


def test_a_name_of_two_scans_is_refused(tmp_path: Path) -> None:
    scans = [ScanPath(Path("/a/ct.nii.gz")), ScanPath(Path("/b/ct.nii.gz"))]
    with pytest.raises(UnreadableInput, match="expected one scan for row 2, found 2"):
        join(truth(tmp_path, "id,ICH\nct,1\n"), scans, lambda _: Keys())


def test_rows_and_scans_that_are_left_over(tmp_path: Path) -> None:
    table = truth(tmp_path, "id,ICH\nP001,1\nP009,0\n")
    joined = join(table, SCANS, lambda _: Keys())
    assert [row.number for row in joined.rows] == [3] and [scan.path.name for scan in joined.scans] == ["P002.nii.gz"]
    with pytest.raises(
        UnreadableInput, match=r"expected a scan for each of 2 rows, found none for 1 .row 3.; --matched-only"
    ):
        require_all(joined, table)
    table = truth(tmp_path, "id,ICH\nP001,1\n")
    with pytest.raises(UnreadableInput, match=r"expected a row for each of 2 scans, found none for 1 .P002."):
        require_all(join(table, SCANS, lambda _: Keys()), table)
