"""What scans are called: by their paths, as a person knows them, and safely on every file system."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from ichor.read import ScanPath
from ichor.screening.inputs import path_sha256
from ichor.screening.names import full_path, name_scans

ROOT = Path.cwd() / "nowhere"
BYTES = 80


def names(*paths: str, taken: dict[str, str] | None = None) -> list[str]:
    """The names of scans at these paths, none of which has to be there."""
    return list(name_scans([ScanPath(ROOT / path) for path in paths], taken).values())


def owner(path: str) -> str:
    return path_sha256(ROOT / path)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["head.nii.gz"], ["head"]),
        (["P001", "P002"], ["P001", "P002"]),
        (["P001/ct.nii.gz", "P002/ct.nii.gz"], ["P001-ct", "P002-ct"]),
        (["P001/ct.nii.gz", "P002/CT.NII"], ["P001-ct", "P002-CT"]),
        (["P001/2020/ct.nii", "P001/2021/ct.nii", "P002/b.nii"], ["2020-ct", "2021-ct", "b"]),
        (["P001/1/ct.nii", "P002/1/ct.nii"], ["P001-1-ct", "P002-1-ct"]),
        (["s/sub-01/ct/sub-01_ct.nii.gz", "s/sub-02/ct/sub-02_ct.nii.gz"], ["sub-01_ct", "sub-02_ct"]),
        (["a/head.zip", "a/head.nii.gz", "b/head.tgz"], ["head.zip", "head.nii.gz", "b-head"]),
        (["Müller, Jörg", "Ольга 1", "山田太郎.zip"], ["Müller_Jörg", "Ольга_1", "山田太郎"]),
        (["x/../P001/."], ["P001"]),
    ],
)
def test_a_name_is_the_shortest_end_of_the_path_that_distinguishes_scans(paths: list[str], expected: list[str]) -> None:
    assert names(*paths) == expected


def test_several_scans_at_a_path_are_distinguished_by_their_labels() -> None:
    scans = [
        ScanPath(ROOT / "two.zip", ("P001/ct.nii",), "P001/ct.nii"),
        ScanPath(ROOT / "two.zip", ("P002/ct.nii",), "P002/ct.nii"),
        ScanPath(ROOT / "study", ("1.dcm",), "1"),
        ScanPath(ROOT / "study", ("2.dcm",), "2"),
    ]
    assert list(name_scans(scans).values()) == ["two-P001-ct", "two-P002-ct", "study-1", "study-2"]


def test_names_are_by_the_links_that_the_user_gave(tmp_path: Path) -> None:
    (tmp_path / "a8f3" / "data").mkdir(parents=True)
    (tmp_path / "P001").symlink_to(tmp_path / "a8f3" / "data")
    scan = ScanPath(tmp_path / "P001")
    assert name_scans([scan]) == {scan: "P001"}
    assert full_path(scan) == str(tmp_path / "P001")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("x y;ä.nii.gz", "x_y_ä"),
        (".../<script>", "script"),
        ("=1+1", "1_1"),
        ("-rf", "rf"),
        ("a:b|c?d*e", "a_b_c_d_e"),
        ("dot. ", "dot"),
        ("con.nii", "scan-con"),
        ("LPT1.zip", "scan-LPT1"),
        ("aux.old", "scan-aux.old"),
        ("console", "console"),
        ("\u202egnp.exe", "gnp.exe"),
        ("???", "scan"),
    ],
)
def test_names_are_safe_on_every_system(path: str, expected: str) -> None:
    assert names(path) == [expected]


def test_names_that_are_equal_on_some_file_system_are_not_both_used() -> None:
    composed, apart = unicodedata.normalize("NFC", "Müller"), unicodedata.normalize("NFD", "Müller")
    for pair in (("a/Head", "b/head"), (f"a/{composed}", f"b/{apart}"), ("a/x y", "b/x_y"), ("a/STRASSE", "b/straße")):
        first, second = (unicodedata.normalize("NFC", one.casefold()) for one in names(*pair))
        assert first != second


def test_scans_that_no_path_distinguishes_get_a_hash() -> None:
    first, second = names("x y", "x_y")
    assert all(re.fullmatch(r"x_y-[0-9a-f]{8}", one) for one in (first, second)) and first != second


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    found = names("x" * 200, "x" * 201, "漢" * 90)
    assert len(set(found)) == 3
    assert all(len(one.encode()) <= BYTES for one in found)


def test_a_scan_keeps_the_name_it_has() -> None:
    paths = ["P001/ct.nii", "P002/ct.nii"]
    assert names(paths[0]) == ["ct"]
    assert names(*paths, taken={"ct": owner(paths[0])}) == ["ct", "P002-ct"]
    hashed = {f"ct-{owner(path)[:8]}": owner(path) for path in paths}  # as they were called once
    assert names(*paths, taken=hashed) == list(hashed)
    assert names(*paths, taken={"P001-ct": owner(paths[0])}) == ["P001-ct", "P002-ct"]


def test_no_scan_gets_a_name_that_something_else_has() -> None:
    assert names("P002/ct.nii", taken={"CT": owner("P001/ct.nii")}) == ["P002-ct"]
    assert names("P002/ct.nii", taken={"ct": "", "P002-ct": ""})[0] not in ("ct", "P002-ct")


def test_a_batch_that_grows_or_was_interrupted_renames_no_scan() -> None:
    paths = [f"P{k:03d}/ct.nii" for k in range(9)]
    first = names(*paths)
    done = {name: owner(path) for name, path in list(zip(first, paths, strict=True))[:3]}
    assert names(*paths, taken=done) == first
    assert names("A/ct.nii", *paths, taken=done)[1:] == first
