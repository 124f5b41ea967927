"""The committed page on how often a scan is said to be unlike, and the script that measures it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest

from ichor.read import open_scan
from ichor.scan import Scan
from made_unlike import HEAD
from paths import ROOT
from studies.input_checks.changes import changes
from studies.input_checks.page import UNCHANGED, page, table
from studies.input_checks.rates import failed_kinds, rim_hu

KEPT = json.loads((ROOT / "results" / "input-checks" / "input-checks.json").read_text(encoding="utf-8"))


def test_the_page_is_that_of_what_was_found() -> None:
    assert (ROOT / "results" / "input-checks" / "README.md").read_text(encoding="utf-8") == page(KEPT)


def test_a_row_says_of_how_many_it_warns_and_of_what() -> None:
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
def test_a_change_is_made_and_counted(change: str, kinds: str) -> None:
    assert failed_kinds(changed()[change]) == kinds


@lru_cache
def changed() -> dict[str, Scan]:
    return dict(changes(HEAD))


def test_the_demonstration_scan_is_still_called_so() -> None:
    assert_said("demo-scan", ROOT / "examples" / "demo-scan")


def test_the_whole_ge_head_is_still_called_so(ge_head: Path) -> None:
    assert_said("ge-head", ge_head)


def assert_said(name: str, path: Path) -> None:
    scan, said = open_scan(path), KEPT["others"][name]
    assert failed_kinds(scan) == said["warned_of"]
    assert rim_hu(scan) == pytest.approx(said["rim_hu"], abs=0.05)


def test_every_subject_of_the_dataset_was_tried() -> None:
    n = len(KEPT["ct_ich_rim_hu"])
    assert n == sum(KEPT["ct_ich"][UNCHANGED].values())
    assert all(sum(said.values()) in (n, n - 1) for said in KEPT["ct_ich"].values())
