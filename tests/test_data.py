"""The test set in the repository: what it holds, whose it is, and that it can be made again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from ichor.dataset.ct_ich import DEMONSTRATION_SUBJECT, CtIch
from ichor.read import open_scan
from paths import CT_ICH_PART, DATA, GE_HEAD_PART, TEMPLATES

ROOT = Path(__file__).resolve().parents[1]
MOST_SUBJECTS, MOST_BYTES = 10, 12e6


def files() -> dict[str, Path]:
    """Those of others' making, by name."""
    folders = (CT_ICH_PART, GE_HEAD_PART, TEMPLATES)
    return {file.relative_to(DATA).as_posix(): file for one in folders for file in one.rglob("*") if file.is_file()}


def test_it_is_small_and_says_where_it_is_from_and_under_which_license() -> None:
    assert len(list((CT_ICH_PART / "Patients_CT").iterdir())) <= MOST_SUBJECTS
    assert sum(file.stat().st_size for file in DATA.rglob("*") if file.is_file()) < MOST_BYTES
    for place in (DATA / "README.md", ROOT / "NOTICE"):
        said = place.read_text(encoding="utf-8")
        for source in ("10.13026/w8q8-ky94", "dcm_qa_ct", "Rorden"):
            assert source in said
    assert "Creative Commons Attribution 4.0" in (CT_ICH_PART / "LICENSE.txt").read_text(encoding="utf-8")
    for folder in (GE_HEAD_PART, TEMPLATES):
        assert "BSD 2-Clause" in (folder / "LICENSE").read_text(encoding="utf-8")


def test_it_has_what_tests_need() -> None:
    dataset = CtIch(CT_ICH_PART)
    labels = np.concatenate(list(dataset.labels.values()))
    assert labels.any(axis=0).all()
    assert set(labels.sum(axis=1)) == {0, 1, 2, 3}
    people = dataset.demographics
    assert set(people) == set(dataset.subjects) >= {DEMONSTRATION_SUBJECT, "070", "081", "084"}
    assert {person.age_years < 18 for person in people.values()} == {True, False}
    assert {person.fracture for person in people.values()} == {True, False}
    for subject in dataset.subjects:
        case = dataset.case(subject)
        assert np.array_equal(case.mask.any(axis=(1, 2)), case.positive)


def test_the_head_is_still_tilted_and_uneven() -> None:
    head = open_scan(GE_HEAD_PART)
    assert head.tilt_deg == pytest.approx(18.5, abs=0.02)
    assert head.slice_distances_mm is not None
    assert head.slice_distances_mm.min() == pytest.approx(1.08, abs=0.01)
    assert head.slice_distances_mm.max() == pytest.approx(7.0, abs=0.01)


def test_the_script_makes_it_again(ct_ich: Path, ge_head: Path, templates: Path, tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts/make_test_data.py", ct_ich, ge_head.parent, templates, tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    made = {file.relative_to(tmp_path).as_posix(): file for file in tmp_path.rglob("*") if file.is_file()}
    assert set(made) == set(files())
    assert [name for name, file in made.items() if file.read_bytes() != (DATA / name).read_bytes()] == []


def test_unchanged_parts_are_as_published(ct_ich: Path, ge_head: Path) -> None:
    for image in CT_ICH_PART.rglob("*.jpg"):
        assert image.read_bytes() == (ct_ich / image.relative_to(CT_ICH_PART)).read_bytes()
    for name in ("hemorrhage_diagnosis.csv", "patient_demographics.csv"):
        original = (ct_ich / name).read_bytes().split(b"\r\n")
        kept = (CT_ICH_PART / name).read_bytes().split(b"\r\n")
        assert kept[0] == original[0] and set(kept) <= set(original)
    for file in GE_HEAD_PART.glob("*.dcm"):
        same = file.read_bytes() == (ge_head / file.name).read_bytes()
        assert same != ("Ears" in pydicom.dcmread(file).get("DerivationDescription", ""))
