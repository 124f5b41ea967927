"""The prior scan of a patient, told from DICOM without a word of whose it is, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import generate_uid

from ichor.read import ScanPath, find_scans, open_scan
from ichor.read.dicom.patient import patient_key
from ichor.view.change import change
from ichor.view.measures import measures
from ichor.view.opened import Opened, open_result
from ichor.view.prior import Priors
from ichor.view.results import FoundResults, Listed, find_results
from synthetic_dicom import PATIENT, Change, ct_slices, save
from synthetic_scans import ThresholdMethod, synthetic_head
from view.result_files import save_result, write_result


def stated(**values: str) -> Change:
    def change(dataset: Any, _: int) -> None:
        for name, value in {**PATIENT, **values}.items():
            setattr(dataset, name, value)

    return change


def write_study(folder: Path, **values: str) -> Path:
    """A study of a patient, and its result beside it."""
    hu = np.asarray(synthetic_head(n=8, size=40, pixel_mm=(5.0, 5.0), distances_mm=20.0).voxels, np.int16)

    def with_pixels(dataset: Any, k: int) -> None:
        dataset.PixelSpacing = [5, 5]
        stated(**values)(dataset, k)

    slices = ct_slices(hu, spacing=20.0, thickness=20.0, study_uid=generate_uid(), change=with_pixels)
    save(slices, folder)
    (place,) = find_scans(folder)
    return save_result(open_scan(place), folder, folder.parent / "out" / folder.name, method=ThresholdMethod())


@pytest.fixture
def results(tmp_path: Path) -> Iterator[dict[str, int]]:
    """Results by name, each with its number in the list that `priors` is about."""
    write_study(tmp_path / "first", StudyDate="20240101", StudyTime="100000")
    write_study(tmp_path / "second", StudyDate="20240102", StudyTime="080000.123")
    write_study(tmp_path / "third", StudyDate="20240102", StudyTime="140000")
    write_study(tmp_path / "other", PatientID="SECRET-4712", StudyDate="20231231")
    write_study(tmp_path / "twin", PatientBirthDate="19510204", StudyDate="20231231")
    write_study(tmp_path / "nobody", PatientID="", StudyDate="20231231")
    write_result(tmp_path / "out", "nifti")
    yield {one.name: number for number, one in enumerate(found_in(tmp_path))}


def found_in(tmp_path: Path) -> list[Listed]:
    return find_results([tmp_path / "out"])


def test_the_latest_earlier_scan_of_the_same_patient(tmp_path: Path, results: dict[str, int]) -> None:
    priors = Priors(FoundResults(found_in(tmp_path)), [])
    names = {number: name for name, number in results.items()}
    found = {name: priors.prior(number) for name, number in results.items()}
    assert {name: None if one is None else names[one] for name, one in found.items()} == {
        "first": None,
        "second": "first",
        "third": "second",
        "other": None,
        "twin": None,
        "nobody": None,
        "nifti": None,
    }


def test_the_hash_is_keyed_and_nothing_of_the_patient_is_written(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "first")
    uid = json.loads((folder / "findings.json").read_text())["scan"]["study_uid"]
    keys = {patient_key(ScanPath(tmp_path / "first"), uid, (), secret)[0] for secret in ("a", "b")}
    assert len(keys) == 2 and all(key is not None and "SECRET" not in key for key in keys)
    Priors(FoundResults(found_in(tmp_path)), []).prior(0)
    for file in folder.rglob("*"):
        content = file.read_bytes()
        assert not any(word.encode() in content for word in ("Secret", "SECRET-4711", "19510203"))
        assert not any(key.encode() in content for key in keys if key)


def opened(folder: Path) -> Opened:
    (listed,) = find_results([folder])
    return open_result(listed, [])


def test_lesions_are_matched_by_their_place(tmp_path: Path) -> None:
    out, left, right = tmp_path / "out", (38.0, 10.0, 60.0), (-38.0, 10.0, 60.0)
    before = opened(write_result(out, "before", blood_at_mm=left, blood_radii_mm=(10.0, 12.0, 20.0)))
    grown = opened(write_result(out, "grown", blood_at_mm=left))
    told = change(grown, before)
    (lesion,) = told["lesions"]
    assert (lesion["now"], lesion["before"]) == (1, 1) and lesion["now_ml"] > 2 * lesion["before_ml"] > 0
    assert told["total_ml"] == {"now": lesion["now_ml"], "before": lesion["before_ml"]}
    elsewhere = change(opened(write_result(out, "elsewhere", blood_at_mm=right)), before)
    assert [(one["now"], one["before"]) for one in elsewhere["lesions"]] == [(1, None), (None, 1)]
    none = change(opened(write_result(out, "none", blood_at_mm=None)), before)
    assert [(one["now"], one["now_ml"]) for one in none["lesions"]] == [(None, 0.0)]


def test_volume_on_each_side(tmp_path: Path) -> None:
    one = opened(write_result(tmp_path / "out", "left"))
    told = measures(one)
    assert one.listed.findings is not None
    assert told["sides_ml"]["right"] == 0
    assert told["sides_ml"]["left"] == pytest.approx(one.listed.findings.hemorrhage.volume_ml, abs=0.01)
    assert told["midline_shift"] is None or abs(told["midline_shift"]["mm"]) <= 20
