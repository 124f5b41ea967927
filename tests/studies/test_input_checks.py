"""The study of the input checks: its committed page, and the code that measures it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest

from ichor.read import open_scan
from ichor.scan import Scan
from paths import ROOT
from studies.input_checks.changes import changes
from studies.input_checks.page import UNCHANGED, page, table
from studies.input_checks.rates import failed_kinds, rim_hu
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
