"""Whose results are: path and UIDs, unless they are to be left out; the patient's name where it is asked for."""

from __future__ import annotations

import csv
import re
import zipfile
from functools import partial
from pathlib import Path

import pytest
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid

from ichor.read import ReadOptions, open_scan
from ichor.read.dicom.patient import Patient, patient_of
from ichor.screening.batch import plan, screen_batch
from ichor.screening.inputs import find_scans
from ichor.screening.job import Shown
from ichor.screening.out_folder import write_batch
from ichor.screening.outcome import Outcome
from synthetic_dicom import PATIENT, STUDY, ct_slices, save
from synthetic_scans import threshold_screener, write_synthetic_nifti

SMALL = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}
JANE = Patient("Doe Secret", "1951-02-03", "2024-02-29")
SHOWN = ("Doe Secret", "1951-02-03", "2024-02-29")


def run(paths: list[Path], out: Path, show: Shown | None = None) -> dict[str, Outcome]:
    jobs = plan(find_scans(paths, out), out, ReadOptions(), method_sha256="60", show=show)
    outcomes = list(screen_batch(jobs, partial(threshold_screener, "60")))
    write_batch(out, outcomes)
    return {one.job.name: one for one in outcomes}


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "summary.csv").open(newline="") as file:
        return {row["scan"]: row for row in csv.DictReader(file)}


def texts(out: Path) -> dict[str, str]:
    """The text of every result, images left out: by name."""
    found = {one.relative_to(out).as_posix(): one for one in out.rglob("*") if one.suffix in (".html", ".json", ".csv")}
    return {
        name: re.sub(r"data:image/[^\"]+", "", one.read_text(encoding="utf-8", errors="replace"))
        for name, one in found.items()
    }


def test_results_have_the_path_of_the_scan_and_the_series_uid(tmp_path: Path) -> None:
    for name in ("P001", "P002"):
        (tmp_path / "in" / name).mkdir(parents=True)
        write_synthetic_nifti(tmp_path / "in" / name / "ct.nii.gz", **SMALL)
    save(ct_slices(series_uid="1.2.3.1"), tmp_path / "in" / "P003")
    done = run([tmp_path / "in"], tmp_path / "out")
    assert set(done) == {"P001-ct", "P002-ct", "P003"}
    assert rows(tmp_path / "out")["P002-ct"]["path"] == str(tmp_path / "in" / "P002" / "ct.nii.gz")
    found = done["P003"].findings
    assert found is not None
    assert (found.scan.name, found.scan.path) == ("P003", str(tmp_path / "in" / "P003"))
    assert (found.scan.study_uid, found.scan.series_uids) == (str(STUDY), ("1.2.3.1",))
    report = (tmp_path / "out" / "P002-ct" / "report.html").read_text()
    assert str(tmp_path / "in" / "P002" / "ct.nii.gz") in report and "<title>P002-ct" in report
    other = done["P001-ct"].findings
    assert other is not None and (other.scan.study_uid, other.scan.series_uids) == (None, ())


def test_text_in_place_of_a_uid_is_not_shown(tmp_path: Path) -> None:
    save(ct_slices(series_uid="DOE^JANE", study_uid="DOE^JANE"), tmp_path / "scan")
    (done,) = run([tmp_path / "scan"], tmp_path / "out").values()
    assert done.findings is not None and done.findings.scan.study_uid is None
    assert not [name for name, text in texts(tmp_path / "out").items() if "JANE" in text]


def test_paths_are_omitted_on_request(tmp_path: Path) -> None:
    folder = tmp_path / "Doe Jane"
    folder.mkdir()
    write_synthetic_nifti(folder / "a.nii.gz", **SMALL)
    (folder / "b.nii.gz").write_bytes(b"no nifti")
    out = tmp_path / "out"
    run([folder], out)
    assert any(str(folder) in text for text in texts(out).values())
    without = Shown(paths=False)
    assert {name: one.status for name, one in run([folder], out, without).items()} == {"a": "done", "b": "failed"}
    assert not [name for name, text in texts(out).items() if "Doe" in text]
    assert rows(out)["b"]["reason"].startswith("b: expected ")
    assert run([folder], out, without)["a"].status == "skipped"
    assert run([folder], out)["a"].status == "done"


def test_a_failed_scan_keeps_its_name_in_a_batch_that_grows(tmp_path: Path) -> None:
    for name in ("P001", "P002"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ct.nii.gz").write_bytes(b"no nifti")
    out = tmp_path / "out"
    out.mkdir()
    assert set(run([tmp_path / "P001"], out)) == {"ct"}
    assert set(run([tmp_path / "P002"], out)) == {"P002-ct"}
    assert set(run([tmp_path / "P001", tmp_path / "P002"], out)) == {"ct", "P002-ct"}
    assert set(rows(out)) == {"ct", "P002-ct"}


def test_the_patient_is_only_named_on_the_report_and_only_on_request(tmp_path: Path) -> None:
    save(ct_slices(), tmp_path / "scan")
    out = tmp_path / "out"
    run([tmp_path / "scan"], out)
    assert not [name for name, text in texts(out).items() if any(one in text for one in (*SHOWN, *PATIENT.values()))]
    named = Shown(patient=True)
    assert [one.status for one in run([tmp_path / "scan"], out, named).values()] == ["done"]
    assert [name for name, text in texts(out).items() if any(one in text for one in SHOWN)] == ["scan/report.html"]
    assert all(one in texts(out)["scan/report.html"] for one in SHOWN)
    assert [one.status for one in run([tmp_path / "scan"], out, named).values()] == ["skipped"]
    # Without the option the name goes.
    assert [one.status for one in run([tmp_path / "scan"], out).values()] == ["done"]
    assert not [name for name, text in texts(out).items() if any(one in text for one in SHOWN)]


def patients(path: Path) -> list[Patient]:
    found = find_scans([path])
    return [patient_of(open_scan(one), one.files) for one in found]


def of(name: str, number: int) -> list[FileDataset]:
    """A series of another patient, whose files have the SOP Instance UIDs that every patient's files have here."""
    slices = ct_slices(study_uid=generate_uid())
    for k, one in enumerate(slices):
        one.PatientName, one.PatientID = name, str(number)
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{k}"
    return slices


def test_the_name_is_that_of_the_scan_and_no_neighbor(tmp_path: Path) -> None:
    for number, name in enumerate(("Doe^Jane", "Roe^Richard")):
        save(of(name, number), tmp_path / "both")
    assert sorted(one.name or "" for one in patients(tmp_path / "both")) == ["Doe Jane", "Roe Richard"]
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as packed:
        for file in (tmp_path / "both").iterdir():
            packed.write(file, file.name)
    assert sorted(one.name or "" for one in patients(tmp_path / "both.zip")) == ["Doe Jane", "Roe Richard"]


def test_values_on_which_files_disagree_are_unknown(tmp_path: Path) -> None:
    slices = ct_slices()
    slices[0].PatientBirthDate = "19520203"
    slices[1].StudyDate = "soon"
    del slices[2].StudyDate
    assert patients(save(slices, tmp_path / "scan")) == [Patient(JANE.name, None, None)]


@pytest.mark.parametrize("name", ["Müller^Jörg", "Yamada^Tarou=山田^太郎"])
def test_names_of_any_script(tmp_path: Path, name: str) -> None:
    slices = ct_slices()
    for one in slices:
        one.SpecificCharacterSet, one.PatientName = "ISO_IR 192", name
    (found,) = patients(save(slices, tmp_path / "scan"))
    assert found.name == re.sub(r"[\^=]", " ", name)


def test_other_formats_name_nobody(tmp_path: Path) -> None:
    scan = write_synthetic_nifti(tmp_path / "a.nii.gz", **SMALL)
    assert patients(scan) == [Patient()]
    (done,) = run([scan], tmp_path / "out", Shown(patient=True)).values()
    assert done.status == "done"
    assert "Patient not named in the files, born not known" in texts(tmp_path / "out")["a/report.html"]
