"""Lists of scans as CSV and Parquet, written by other libraries, and folders in stores."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas
import pytest

from ichor.archive.listed import list_scans, scans_below
from ichor.archive.store import File
from ichor.errors import IchorError
from synthetic_scans import write_synthetic_nifti

SMALL = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with two scans."""
    for name in ("a", "b"):
        write_synthetic_nifti(tmp_path / f"{name}.nii.gz", **SMALL)
    return tmp_path


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def test_a_csv_gives_paths_relative_to_it_and_further_columns(place: Path) -> None:
    rows: list[dict[str, object]] = [
        {"path": "a.nii.gz", "age": 70, "site": "x"},
        {"path": "b.nii.gz", "age": "", "site": "y"},
    ]
    listed = list_scans([str(write(place / "list.csv", rows))], None, None)
    assert [one.path for one in listed.scans] == [place / "a.nii.gz", place / "b.nii.gz"]
    assert [listed.values[one] for one in listed.scans] == [{"age": 70, "site": "x"}, {"age": None, "site": "y"}]
    assert {name: str(one.type) for name, one in listed.columns.items()} == {"age": "int64", "site": "string"}


def test_a_parquet_file_from_pandas_gives_the_same(place: Path) -> None:
    frame = pandas.DataFrame({"path": [str(place / "a.nii.gz"), "s3://bucket/b.nii.gz"], "age": [70.5, None]})
    frame.to_parquet(place / "list.parquet")
    listed = list_scans([str(place / "list.parquet"), str(place / "b.nii.gz")], None, None)
    assert [str(one.path) for one in listed.scans] == [
        str(place / "a.nii.gz"),
        "/s3/bucket/b.nii.gz",
        str(place / "b.nii.gz"),
    ]
    assert [one.address for one in listed.origins.values()] == ["s3://bucket/b.nii.gz"]
    assert [listed.values.get(one) for one in listed.scans] == [{"age": 70.5}, {"age": None}, None]


def test_a_scan_that_is_given_twice_is_screened_once_with_the_columns_of_its_list(place: Path) -> None:
    path = write(place / "x.csv", [{"path": "a.nii.gz", "age": 1}])
    listed = list_scans([str(place / "a.nii.gz"), str(path), str(place / "b.nii.gz")], None, None)
    assert [one.path.name for one in listed.scans] == ["a.nii.gz", "b.nii.gz"]
    assert listed.values[listed.scans[0]] == {"age": 1}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "found something else"),
        (b"scan,age\na,1\n", "expected a column path, found scan, age"),
        (b"path\n", "expected a row for each scan, found none"),
        (b"path,age\na,1\n,2\n", "expected a path in each row, found none in row 2"),
        (b"path,age\na,1\nb\n", "found something else"),
        (b"path\na\nb\na\n", "expected each path once, found that of row 3 in an earlier row"),
        (b"path,volume_ml\na,1\n", "columns with names that the results do not use, found volume_ml"),
        (b"path\n\xff\xfe\n", "found something else"),
    ],
    ids=["empty", "no path", "no row", "a row without", "short row", "twice", "column of results", "no text"],
)
def test_a_bad_list_is_refused_in_one_line(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(IchorError) as caught:
        list_scans([str(path)], None, None)
    assert str(caught.value).startswith(f"{path}: ") and found in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(IchorError, match="expected a Parquet list, found something else"):
        list_scans([str(tmp_path / "list.parquet")], None, None)


def test_single_files_in_a_store_are_scans_and_so_are_folders_of_other_files() -> None:
    places = ["a.nii.gz", "b/c.zip", "b/d/1.dcm", "b/d/2.dcm", "e/IM0001"]
    files = [File(one, f"bucket/in/{one}", 1, "") for one in places]
    below = [f"s3://bucket/in/{one}" for one in ("a.nii.gz", "b/c.zip", "b/d", "e")]
    assert scans_below("s3://bucket/in/", files) == below
    assert scans_below("s3://bucket/in/x.nii.gz", [File("x.nii.gz", "bucket/in/x.nii.gz", 1, "")]) == [
        "s3://bucket/in/x.nii.gz"
    ]
    assert scans_below("s3://bucket/in/e", [File("IM0001", "bucket/in/e/IM0001", 1, "")]) == ["s3://bucket/in/e"]
