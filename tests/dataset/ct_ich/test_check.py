"""`ichor dataset check` as a process: whole, damaged and known copies, in both releases."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from ichor.dataset.ct_ich import CtIch
from paths import CT_ICH_PART
from synthetic_ct_ich import write_ct_ich, write_ct_ich_nifti


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "dataset", "check", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def found(root: Path, code: int) -> dict[str, Any]:
    done = run(root, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def said(problems: Iterable[dict[str, str]]) -> set[tuple[str, str]]:
    return {(one["where"], one["said"]) for one in problems}


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_whole_copy_has_no_errors_and_its_fingerprint_is_printed(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path / "data", {"049": 2, "060": 0}, n_slices=3)
    done = run(root)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == [
        "ct-ich 1.0.0: 2 subjects, 6 slices, 2 delineated; 0 errors, 0 known defects",
        f"fingerprint {CtIch(root).fingerprint}",
    ]
    assert "note: 80 of the paper's 82 subjects are absent: 050 to 059, 061 to 130.\n" in done.stdout
    assert done.stderr.splitlines() == ["[1/2] 049", "[2/2] 060"]


JPEG = "expected a gray 8-bit JPEG of 650 x 650 pixels, found "


def test_every_problem_of_a_damaged_copy_is_a_line(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path, {"050": 2, "051": 1, "052": 0, "053": 1}, n_slices=4)
    images, table = root / "Patients_CT", root / "hemorrhage_diagnosis.csv"
    (images / "050/brain/1.jpg").unlink()
    (images / "050/bone/2.jpg").write_bytes((images / "050/bone/2.jpg").read_bytes()[:3000])
    (images / "050/brain/4_HGE_Seg.jpg").unlink()
    Image.new("L", (512, 640)).save(images / "051/brain/1.jpg")
    Image.new("RGB", (650, 650)).save(images / "051/bone/1.jpg")
    shutil.copyfile(images / "051/brain/4_HGE_Seg.jpg", images / "051/brain/2_HGE_Seg.jpg")
    Image.new("L", (650, 650)).save(images / "051/brain/4_HGE_Seg.jpg")
    edit(table, "52,2,0,0,0,0,0,1,0\n", "")
    edit(table, "52,3,0,0,0,0,0,1,0", "52,3,0,0,0,0,0,0,0")
    edit(table, "53,1,0,0,0,0,0,1,0", "53,1,0,x,0,0,0,1,0")
    (images / "052/brain/3.jpg").write_text("no image")
    shutil.copyfile(images / "051/brain/3.jpg", images / "053/brain/3.jpg")
    (images / "053/brain/Thumbs.db").touch()
    (images / "old").mkdir()
    people = root / "patient_demographics.csv"
    edit(people, "51,21,Male,,,,1,", "51,21,M,,,1,,")
    edit(people, "53,23,Male,,,,1,,,made", "54,23,Male,,,,1,,1,Normal CT")

    report = found(root, code=1)
    lines = said(report["errors"])
    (truncated,) = [line for line in lines if line[0] == "Patients_CT/050/bone/2.jpg"]
    assert truncated[1].startswith(JPEG + "a damaged one: image file is truncated")
    no_file = "expected this file, found none"
    assert lines - {truncated} == {
        ("Patients_CT/050/brain/1.jpg", no_file),
        (
            "Patients_CT/050/brain/4_HGE_Seg.jpg",
            "expected the delineation of a slice labeled EDH, found no such file",
        ),
        ("Patients_CT/051/brain/1.jpg", JPEG + "640 x 512, mode L"),
        ("Patients_CT/051/bone/1.jpg", JPEG + "650 x 650, mode RGB"),
        ("Patients_CT/051/brain/2_HGE_Seg.jpg", "expected a slice labeled with hemorrhage, found one without"),
        ("Patients_CT/051/brain/4_HGE_Seg.jpg", "expected some pixels above 128, found none"),
        ("Patients_CT/052/brain/2.jpg", "expected a row of this slice in the slice table, found none"),
        ("Patients_CT/052/bone/2.jpg", "expected a row of this slice in the slice table, found none"),
        ("Patients_CT/052/brain/3.jpg", JPEG + "no JPEG"),
        ("Patients_CT/053/brain/1.jpg", "expected a row of this slice in the slice table, found none"),
        ("Patients_CT/053/bone/1.jpg", "expected a row of this slice in the slice table, found none"),
        ("Patients_CT/053/brain/3.jpg", "expected a unique image, found a copy of Patients_CT/051/brain/3.jpg"),
        ("Patients_CT/053/brain/Thumbs.db", "expected only k.jpg and k_HGE_Seg.jpg, found another name"),
        ("Patients_CT/054", no_file),
        ("Patients_CT/old", "expected only folders NNN, found another name"),
        ("hemorrhage_diagnosis.csv", "line 13: expected 0 or 1 under 'intraparenchymal', found 'x'"),
        ("hemorrhage_diagnosis.csv: subject 052", "expected slices 1 to 4, found no row of 2"),
        (
            "hemorrhage_diagnosis.csv: subject 052, slice 3",
            "expected 1 under No_Hemorrhage, since the subtypes are none; found 0",
        ),
        ("hemorrhage_diagnosis.csv: subject 053", "expected slices 1 to 4, found no row of 1"),
        ("patient_demographics.csv", "expected rows of subject 053, which has images, found none"),
        ("patient_demographics.csv: subject 051", "expected Male or Female, found 'M'"),
        ("patient_demographics.csv: subject 051", "expected the subtypes of its slices, EDH; found SAH"),
        (
            "patient_demographics.csv: subject 054",
            "expected no hemorrhage according to the condition on file, 'Normal CT'; found labels of hemorrhage",
        ),
    }
    assert report["known"] == []
    assert report["fingerprint"] == CtIch(root).fingerprint


def test_the_bone_window_is_measured_against_the_brain_window(tmp_path: Path) -> None:
    root = write_ct_ich(tmp_path, {"049": 0}, n_slices=9)
    for window, offset, white in (("brain", 0, 255), ("bone", 1, 120)):
        for k in range(1, 10):
            skull = np.zeros((650, 650), np.uint8)
            skull[50 * (k - offset) :, :] = white  # every slice another skull
            Image.fromarray(skull).save(root / "Patients_CT/049" / window / f"{k}.jpg")
    assert said(found(root, code=1)["errors"]) == {
        ("Patients_CT/049/bone", "expected k.jpg to show the slice of brain/k.jpg, found that of brain/(k-1).jpg")
    }


def test_the_nifti_release_is_checked(tmp_path: Path) -> None:
    root = write_ct_ich_nifti(tmp_path, {"049": 2, "050": 0}, without_images=["059"])
    report = found(root, code=0)
    assert report["release"] == "1.3.1"
    assert (report["n_subjects"], report["n_slices"], report["n_delineated"]) == (2, 10, 2)
    assert report["errors"] == []
    assert [one["problem"]["where"] for one in report["known"]] == ["ct_scans/059.nii"]


def test_every_problem_of_a_damaged_nifti_release_is_a_line(tmp_path: Path) -> None:
    subjects = {"049": 2, "050": 1, "051": 1, "052": 1, "053": 0, "054": 0}
    root = write_ct_ich_nifti(tmp_path, subjects, without_images=["066"])
    masks, scans = root / "masks", root / "ct_scans"
    (masks / "049.nii").unlink()
    (scans / "050.nii").write_bytes((scans / "050.nii").read_bytes()[:90_000])
    mask = nib.load(masks / "051.nii")
    nib.save(nib.Nifti1Image(np.asanyarray(mask.dataobj)[..., :4].copy(), mask.affine), masks / "051.nii")
    mask = nib.load(masks / "052.nii")
    voxels = np.asanyarray(mask.dataobj)[..., ::-1] * 3
    voxels[0, 0, 0] = 1
    nib.save(nib.Nifti1Image(voxels, mask.affine), masks / "052.nii")
    edit(root / "hemorrhage_diagnosis_raw_ct.csv", "53,5,0,0,0,0,0,1,0\n", "")
    (scans / "054.nii").rename(scans / "readme.txt")

    report = found(root, code=1)
    lines = said(report["errors"])
    (broken,) = [line for line in lines if line[0] == "ct_scans/050.nii"]
    assert broken[1].startswith("expected a complete NIfTI file, found a problem: ")
    assert lines - {broken} == {
        ("ct_scans/053.nii", "expected 4 slices according to the slice table, found 5"),
        ("ct_scans/054.nii", "expected this file, found none"),
        ("ct_scans/066.nii", "expected this file, found none"),
        ("ct_scans/readme.txt", "expected only NNN.nii, found another name"),
        ("masks/049.nii", "expected this file, found none"),
        ("masks/051.nii", "expected the scan's shape 130 x 130 x 5, found 130 x 130 x 4"),
        ("masks/052.nii", "expected two values, 0 outside and one inside, found 3 from 0"),
        ("masks/052.nii, slice 1", "expected none, no label; found some"),
        ("masks/052.nii, slice 5", "expected a delineation of its label EDH; found none"),
        ("masks/054.nii", "expected its scan ct_scans/054.nii, found none"),
    }


def test_an_invalid_dataset_is_reported_in_one_line(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"ichor: {tmp_path}: expected a dataset in a layout that Ichor reads (ct-ich, bhsd")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "expected a column named like 'patientnumber', found no header"),
        (b"PatientNumber,Slice\n49,1\n", "expected a column named like 'slicenumber', found patientnumber, slice"),
        (b"\xff\xfe\x00", "expected a table (CSV, UTF-8), found a problem: "),
    ],
)
def test_a_file_that_is_not_a_table_is_reported_in_one_line(tmp_path: Path, content: bytes, line: str) -> None:
    root = write_ct_ich(tmp_path, {"049": 0}, n_slices=1)
    (root / "hemorrhage_diagnosis.csv").write_bytes(content)
    done = run(root)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"ichor: {root / 'hemorrhage_diagnosis.csv'}: {line}")


def test_the_dataset_has_its_known_defects_only(ct_ich: Path) -> None:
    """Every image of the 82 subjects: SOURCE.md's list, found by looking; no image is there twice."""
    root = ct_ich
    report = found(root, code=0)
    assert [one["problem"] for one in report["known"]] == [
        {
            "where": "Patients_CT/081/bone",
            "said": "expected k.jpg to show the slice of brain/k.jpg, found that of brain/(k-2).jpg",
        },
        {"where": "Patients_CT/084/bone/36.jpg", "said": "expected this file, found none"},
        {
            "where": "patient_demographics.csv: subject 058",
            "said": "expected no hemorrhage according to the condition on file, 'Normal CT'; "
            "found labels of hemorrhage",
        },
    ]
    assert (report["n_subjects"], report["n_slices"], report["n_delineated"]) == (82, 2501, 318)
    assert [note.split(" ")[:2] for note in report["notes"]] == [["Subject", "070"], ["25", "slices"], ["0.030", "%"]]


def test_a_part_of_the_dataset_has_the_known_defects_and_misses_slices() -> None:
    report = found(CT_ICH_PART, code=1)
    assert [one["problem"]["where"] for one in report["known"]] == [
        "Patients_CT/081/bone",
        "Patients_CT/084/bone/36.jpg",
    ]
    assert "expected slices 1 to 33, found no row of 1, 2, 3, 4, 5 and 15 others" in {
        one["said"] for one in report["errors"]
    }
