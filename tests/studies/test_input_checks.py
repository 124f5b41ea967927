"""The study of the input checks: its committed page, and the code that measures it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from ichor.dataset.case import Case
from ichor.dataset.registry import open_dataset
from ichor.findings.checks.kinds import InputCheck
from ichor.read import open_scan
from ichor.scan import Scan
from paths import CT_ICH_PART, ROOT
from studies.input_checks.changes import changes
from studies.input_checks.hematoma import EDEMA_HU, VOLUME_ML, with_hematoma
from studies.input_checks.page import UNCHANGED, page, pictures_table, table
from studies.input_checks.pictures import EVERY, Head, drawn, folders, shown_brain, single_pictures
from studies.input_checks.rates import failed_kinds, kept, rim_hu
from unusual_scans import HEAD

RESULT = json.loads((ROOT / "results" / "input-checks" / "input-checks.json").read_text(encoding="utf-8"))


def test_the_committed_page_agrees_with_its_figures() -> None:
    assert (ROOT / "results" / "input-checks" / "README.md").read_text(encoding="utf-8") == page(RESULT)


def test_a_row_counts_failed_scans_and_names_the_checks() -> None:
    rows = table(
        {"one": {"nothing": 3}, "two": {"metal": 2, "nothing": 1}, "three": {"metal and slice order": 2, "metal": 1}}
    )
    assert rows.splitlines()[2:] == [
        "| one | 3 | 0 |  |",
        "| two | 3 | 2 | `metal` |",
        "| three | 3 | 3 | `metal` and `slice order` 2, `metal` 1 |",
    ]


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ("as images in the brain window", "nothing"),
        ("brain window, inverted", "gray values"),
        ("without the skull", "not a head"),
        ("upper half", "part of a head"),
        ("odd slices before even ones", "slice order"),
        ("padded with 0", "nothing"),
        ("upper half, padded with 0", "part of a head"),
        ("upper half, between empty slices", "part of a head"),
        ("an empty slice in the middle", "missing slices"),
        ("cut off at the left, padded with air", "part of a head"),
        ("a round field smaller than the head, -2000 HU around it", "part of a head"),
    ],
)
def test_a_modified_scan_fails_the_expected_checks(change: str, kinds: str) -> None:
    assert failed_kinds(changed()[change]) == kinds


@lru_cache
def changed() -> dict[str, Scan]:
    return dict(changes(HEAD))


@lru_cache
def head() -> Head:
    nothing = np.zeros(HEAD.voxels.shape, bool)
    return Head.of(Case("051", HEAD, nothing, np.zeros((HEAD.n_slices, 5), bool)))


def test_every_fourth_slice_that_shows_brain_is_a_picture() -> None:
    slices = shown_brain(HEAD)
    assert EVERY <= len(slices) <= HEAD.n_slices
    starts = {int(drawn(slices, str(subject))[0]) for subject in range(49, 80)}
    assert starts == set(slices[:EVERY].tolist())
    assert set(np.diff(drawn(slices, "051"))) == {EVERY}
    assert np.array_equal(drawn(slices, "051"), drawn(slices, "051"))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("40/120, 512 px, PNG", {"nothing"}),
        ("0 to 80 HU, 256 px, frame, JPEG", {"nothing"}),
        ("stroke window, 256 px, frame, JPEG", {"gray values"}),
        ("40/120, inverted", {"gray values"}),
        ("bone window", {"gray values"}),
    ],
)
def test_a_single_picture_fails_the_expected_checks(name: str, kinds: set[str]) -> None:
    pictures = list(dict(single_pictures(head()))[name])
    assert len(pictures) == len(drawn(head().slices, "051"))
    assert all(one.voxels.shape[0] == 1 and one.pixel_mm is None for one in pictures)
    assert {failed_kinds(one, ignore={InputCheck.PART}) for one in pictures} == kinds


def test_the_pictures_of_a_scan_in_one_folder_fail_the_expected_checks() -> None:
    rows = dict(folders(head()))
    assert rows["0 to 80 HU, hematoma"].voxels.shape == (HEAD.n_slices, 512, 512)
    assert failed_kinds(rows["0 to 80 HU, hematoma"]) == "nothing"
    assert failed_kinds(rows["40/120, 256 px, frame, JPEG"]) == "nothing"
    assert failed_kinds(rows["subdural window"]) == "gray values"
    assert "40/120, only slices with hemorrhage" not in rows  # it has none


def test_a_simulated_hematoma_is_dense_and_within_its_limits() -> None:
    changed = np.asarray(with_hematoma(HEAD, 3).voxels) - HEAD.voxels
    assert HEAD.pixel_mm is not None
    ml = np.count_nonzero(changed > 15) * HEAD.pixel_mm[0].prod() * 5 / 1000
    assert VOLUME_ML[0] * 0.6 < ml < VOLUME_ML[1] * 1.4
    assert -EDEMA_HU - 0.1 <= changed.min() < -5


def test_a_subject_is_not_checked_twice_with_the_same_sources(tmp_path: Path) -> None:
    (tmp_path / "051.json").write_text(json.dumps({"sources": "abc", "scans": {}}))
    assert kept(open_dataset(CT_ICH_PART), "051", tmp_path / "051.json", "abc") == {"sources": "abc", "scans": {}}


def test_the_table_of_pictures_counts_pictures_and_subjects() -> None:
    row = {"kinds": {"nothing": 9, "gray values": 1}, "subjects": 2, "subjects_failed": 1}
    assert pictures_table({"one": row}).splitlines()[2] == "| one | 10 | 1 | 2 | 1 | `gray values` |"


def test_the_result_of_the_demonstration_scan_is_reproduced() -> None:
    assert_result("demo-scan", ROOT / "examples" / "demo-scan")


def test_the_result_of_the_whole_ge_head_is_reproduced(ge_head: Path) -> None:
    assert_result("ge-head", ge_head)


def assert_result(name: str, path: Path) -> None:
    scan, said = open_scan(path), RESULT["others"][name]
    assert failed_kinds(scan) == said["warned_of"]
    assert rim_hu(scan) == pytest.approx(said["rim_hu"], abs=0.05)


def test_every_subject_of_the_dataset_was_checked() -> None:
    n = len(RESULT["ct_ich_rim_hu"])
    assert n == sum(RESULT["ct_ich"][UNCHANGED].values())
    assert all(sum(said.values()) in (n, n - 1) for said in RESULT["ct_ich"].values())
