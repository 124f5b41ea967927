"""`ichor validate` as people run it: scans, a table, and a report."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from pydicom.dataset import FileDataset
from sklearn.metrics import roc_auc_score

from ichor.models.package import DEFAULT_MODEL, find_package
from ichor.screening.inputs import content_sha256
from paths import CT_ICH_PART
from synthetic_dicom import PATIENT, ct_slices, hu_of_head, save
from synthetic_truth import write_heads, write_table

NOTICE = "Research use only; not a medical device."
BLOOD = {"a": True, "b": True, "c": False, "d": False}


def validate(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "validate", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def refused(*words: object) -> str:
    """The one line of a command that is refused."""
    done = validate(*words)
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    return line


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_heads(tmp_path_factory.mktemp("heads") / "in", BLOOD)
    image: Any = nibabel.load(folder / "a.nii.gz")
    delineation = (np.asarray(image.dataobj) == 65).astype(np.uint8)
    nibabel.save(nibabel.Nifti1Image(delineation, image.affine), folder.parent / "a-mask.nii.gz")
    return folder


@pytest.fixture(scope="module")
def table(heads: Path) -> Path:
    rows = [
        {"File": f"{name}.nii.gz", "Bleed?": "yes" if there else "no", "Age": 30 + 20 * k, "Sex": "FM"[k % 2]}
        | {"mask": "a-mask.nii.gz" if name == "a" else "", "Report": "Jane Doe"}
        for k, (name, there) in enumerate(BLOOD.items())
    ]
    return write_table(heads.parent / "truth.csv", rows)


@pytest.fixture(scope="module")
def done(heads: Path, table: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = heads.parent / "out"
    return out, validate(heads, "--truth", table, "--out", out, "--prevalence", "12%", "--threads", 1)


def test_a_dry_run_says_how_everything_is_understood(heads: Path, table: Path) -> None:
    said = validate(heads, "--truth", table, "--dry-run")
    assert said.returncode == 0 and said.stderr == ""
    lines = said.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:5]] == [
        ["File", "scan"],
        ["Bleed?", "hemorrhage"],
        ["Age", "age"],
        ["Sex", "sex"],
        ["mask", "mask"],
    ]
    assert "yes 2, no 2" in lines[1] and "30 to 90, 0 unknown" in lines[2]
    assert lines[5].endswith("left out") and "Doe" not in said.stdout
    assert lines[6].startswith("4 of 4 rows have a scan, by column File")
    assert list(heads.parent.glob("out*")) == []


def test_the_report_and_its_figures(done: tuple[Path, subprocess.CompletedProcess[str]], heads: Path) -> None:
    out, said = done
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[0] == "4 scans, 2 with hemorrhage" and NOTICE in said.stdout
    results = json.loads((out / "validation.json").read_text())
    cases = results["validated"]["cases"]
    assert [one["scan"] for one in cases] == list(BLOOD)
    for one in cases:  # as ichor screen found it
        findings = json.loads((out / "scans" / one["scan"] / "findings.json").read_text())
        assert one["found"]["probability"] == findings["hemorrhage"]["probability"]
        assert one["found"]["tier"] == findings["verdict"]["tier"]
    truth, probability = zip(*((one["truth"]["hemorrhage"], one["found"]["probability"]) for one in cases), strict=True)
    assert results["figures"]["detection"]["auc"]["value"] == pytest.approx(roc_auc_score(truth, probability))
    assert results["validated"]["prevalence"] == {"value": 0.12, "given": True}
    assert results["validated"]["model"]["sha256"] == content_sha256(find_package(DEFAULT_MODEL))
    assert results["figures"]["groups"]["sex"][0]["group"] == "female"
    assert results["notice"] == NOTICE and NOTICE in (out / "report.html").read_text()
    assert "Jane Doe" not in (out / "validation.json").read_text() + (out / "report.html").read_text()


def test_masks_are_compared_where_there_are_any(
    done: tuple[Path, subprocess.CompletedProcess[str]], heads: Path
) -> None:
    out, _ = done
    results = json.loads((out / "validation.json").read_text())
    first, *others = results["validated"]["cases"]
    assert all(one["overlap"] is None for one in others)
    delineation = np.asarray(nibabel.load(heads.parent / "a-mask.nii.gz").dataobj) > 0  # type: ignore[attr-defined]
    mask = np.asarray(nibabel.load(out / "scans" / "a" / "mask.nii.gz").dataobj) > 0  # type: ignore[attr-defined]
    dice = 2 * (mask & delineation).sum() / (mask.sum() + delineation.sum())
    assert first["overlap"]["dice"] == pytest.approx(dice) and results["masks"]["n"] == 1
    volume = delineation.sum() * 3.2 * 3.2 * 10 / 1000
    assert first["overlap"]["reference_volume_ml"] == pytest.approx(volume, rel=1e-5)
    assert first["groups"]["volume of the hemorrhage"] == "10 mL and over"


def test_everything_is_private(done: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, _ = done
    for file in (out, *out.rglob("*")):
        assert stat.S_IMODE(file.stat().st_mode) == (0o700 if file.is_dir() else 0o600), file


def test_what_is_done_is_not_done_again(
    done: tuple[Path, subprocess.CompletedProcess[str]], heads: Path, table: Path
) -> None:
    out, _ = done
    before = {file: file.stat().st_mtime_ns for file in (out / "scans").rglob("findings.json")}
    again = validate(heads, "--truth", table, "--out", out)
    assert again.returncode == 0 and again.stderr.count("(done before)") == 4
    assert {file: file.stat().st_mtime_ns for file in (out / "scans").rglob("findings.json")} == before
    assert json.loads((out / "validation.json").read_text())["validated"]["prevalence"] == {
        "value": 0.5,
        "given": False,
    }


def test_a_scan_that_cannot_be_read_is_reported_and_left_out(tmp_path: Path) -> None:
    folder = write_heads(tmp_path / "in", {"a": True})
    (folder / "bad.nii.gz").write_bytes((folder / "a.nii.gz").read_bytes()[:900])
    table = write_table(tmp_path / "t.csv", [{"id": "a", "ich": 1}, {"id": "bad", "ich": 0}])
    said = validate(folder, "--truth", table, "--out", tmp_path / "out")
    assert said.returncode == 1 and "bad: failed:" in said.stderr and "Traceback" not in said.stderr
    results = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert results["figures"]["scans"] | {"not_screened": 1, "counted": 1} == results["figures"]["scans"]
    assert "1 scan that could not be screened" in (tmp_path / "out" / "report.html").read_text()


def test_rows_and_scans_without_a_partner(heads: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", [{"id": "a", "ich": 1}, {"id": "zz", "ich": 0}])
    words = (heads, "--truth", table, "--out", tmp_path / "out")
    assert "expected a scan for each of 2 rows, found none for 1 (row 3)" in refused(*words)
    said = validate(heads, "--truth", table, "--dry-run")
    assert "1 rows without a scan: 3" in said.stdout and "3 scans without a row: b, c, d" in said.stdout
    assert validate(*words, "--matched-only").returncode == 0
    validated = json.loads((tmp_path / "out" / "validation.json").read_text())["validated"]
    assert [one["scan"] for one in validated["cases"]] == ["a"]
    assert (validated["table"]["rows_without_scan"], validated["table"]["scans_without_row"]) == ([3], 3)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--prevalence", "120%"), "--prevalence: expected a share above 0 and below 1"),
        (("--column", "hemorrhage"), "--column: expected ROLE=NAME"),
        (("--column", "hemorrhage=Age"), "expected yes or no in column Age, row 2, found '30'"),
        (("--model", "none"), f"none: expected a model package or one of {DEFAULT_MODEL}"),
    ],
    ids=["prevalence", "column", "wrong column", "model"],
)
def test_wrong_options_are_refused_in_one_line(
    heads: Path, table: Path, tmp_path: Path, more: tuple[str, ...], expected: str
) -> None:
    assert expected in refused(heads, "--truth", table, "--out", tmp_path / "out", *more)
    assert not (tmp_path / "out" / "scans").exists()


def test_no_folder_for_the_report(heads: Path, table: Path) -> None:
    assert "--out: expected the folder for the report" in refused(heads, "--truth", table)


@pytest.mark.long
def test_the_published_table_of_ct_ich_and_its_scans(tmp_path: Path) -> None:
    said = validate(CT_ICH_PART, "--truth", CT_ICH_PART / "patient_demographics.csv", "--out", tmp_path / "out")
    assert said.returncode == 0, said.stderr
    cases = json.loads((tmp_path / "out" / "validation.json").read_text())["validated"]["cases"]
    assert [one["truth"]["hemorrhage"] for one in cases] == [True] * 8 + [False] * 2
    assert all(one["found"]["tier"] != "none" for one in cases[:8])


def test_dicom_is_joined_by_its_accession_number_and_grouped_by_its_header(tmp_path: Path) -> None:
    """Nothing that identifies the patient is in any file that is written."""
    for k in range(2):

        def change(one: FileDataset, _: int, k: int = k) -> None:
            one.PatientName, one.PatientID, one.AccessionNumber = PATIENT["PatientName"], "SECRET-4711", f"ACC-{k}"
            one.PatientAge, one.PatientSex, one.PatientBirthDate = "072Y", "F", PATIENT["PatientBirthDate"]
            one.Manufacturer, one.ManufacturerModelName, one.ConvolutionKernel = "Maker", "Model 7", ("FC26", "H60s")[k]
            one.ContrastBolusAgent = ("", "Iohexol")[k]

        uids = {"study_uid": f"1.2.826.0.1.3680043.8.498.{k}", "series_uid": f"1.2.826.0.1.3680043.8.498.{k}.1"}
        save(ct_slices(hu_of_head(12, 160, 150), change=change, **uids), tmp_path / "in" / f"x{k}")
    table = write_table(tmp_path / "t.csv", [{"accession": "acc-1", "ich": 0}, {"accession": "acc-0", "ich": 1}])
    said = validate(tmp_path / "in", "--truth", table, "--out", tmp_path / "out")
    assert said.returncode == 0, said.stderr
    first, second = json.loads((tmp_path / "out" / "validation.json").read_text())["validated"]["cases"]
    assert (first["scan"], second["scan"]) == ("x1", "x0")
    assert first["patient"] == second["patient"]  # by the Patient ID in the files
    common = {"age": "65 to 79 years", "sex": "female", "scanner": "Maker Model 7", "slice thickness": "3.5 to 5.4 mm"}
    assert second["groups"] == {**common, "kernel": "FC26", "contrast agent": "none"}
    assert first["groups"] == {**common, "kernel": "H60S", "contrast agent": "given"}
    for file in (tmp_path / "out").rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(one in content for one in (b"SECRET", b"Secret", b"ACC-", b"19510203", b"1951-02-03")), file
    assert not any(one in said.stdout + said.stderr for one in ("SECRET", "Secret", "ACC-"))
