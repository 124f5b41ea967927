"""The manifest and the table of results, read back by DuckDB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow
import pytest

from ichor.archive.books import Books
from ichor.archive.listed import list_scans
from ichor.errors import Code, OutputFailed, UnreadableInput
from ichor.read.base import ReadOptions, ScanPath
from ichor.screening.batch import plan
from ichor.screening.job import Job
from ichor.screening.one import screen_one
from ichor.screening.outcome import Outcome, failed
from synthetic_scans import threshold_screener, write_synthetic_nifti

SMALL = {"n": 8, "size": 64, "pixel_mm": (3.2, 3.2), "distances_mm": 14.0}


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Two scans to screen."""
    (tmp_path / "in").mkdir()
    paths = [write_synthetic_nifti(tmp_path / "in" / f"{name}.nii.gz", **SMALL) for name in ("a", "b")]
    (tmp_path / "out").mkdir()
    return plan(paths, tmp_path / "out", ReadOptions(), method_sha256="60")


def done(job: Job) -> Outcome:
    outcome = screen_one(job, threshold_screener)
    assert isinstance(outcome, Outcome)
    return outcome


def rows(out: Path, name: str, columns: str) -> list[tuple[object, ...]]:
    return duckdb.sql(f"SELECT {columns} FROM '{out / name}' ORDER BY scan").fetchall()


def test_the_manifest_follows_each_scan_from_waiting_to_done_or_refused(tmp_path: Path, jobs: list[Job]) -> None:
    out = tmp_path / "out"
    books = Books(out, [], {})
    books.queue(jobs)
    assert rows(out, "manifest.parquet", "scan, status") == [("a", "queued"), ("b", "queued")]
    outcome = done(jobs[0])
    assert outcome.findings is not None
    books.enter(outcome)
    books.enter(failed(jobs[1], UnreadableInput("b: expected X,\n found Y", Code.TOO_LARGE)))
    books.write()
    assert rows(out, "manifest.parquet", "scan, status, code, reason, seconds, package_sha256") == [
        ("a", "done", None, None, outcome.findings.timing_s.total, "60"),
        ("b", "refused", "too large", "b: expected X, found Y", None, "60"),
    ]
    found = outcome.findings.hemorrhage
    assert rows(out, "results.parquet", "scan, present, volume_ml, package_sha256") == [
        ("a", True, found.volume_ml, "60")
    ]
    assert {oct(one.stat().st_mode & 0o777) for one in out.glob("*.parquet")} == {"0o600"}


def test_a_scan_that_is_entered_again_has_one_row_and_the_others_keep_theirs(tmp_path: Path, jobs: list[Job]) -> None:
    out = tmp_path / "out"
    for job in [*jobs, jobs[0]]:
        books = Books(out, [], {})
        books.queue([job])
        books.enter(done(job))
        books.write()
    assert rows(out, "results.parquet", "scan") == rows(out, "manifest.parquet", "scan") == [("a",), ("b",)]
    assert books.taken() == {job.name: job.path_sha256 for job in jobs}
    Books(out, [], {}).queue(jobs)  # they are done, and will be checked
    assert rows(out, "manifest.parquet", "status") == [("done",), ("done",)]
    Books(out, [], {}).queue([replace(job, method_sha256="other") for job in jobs])
    assert rows(out, "manifest.parquet", "status") == [("queued",), ("queued",)]


def test_columns_of_a_list_appear_in_the_results(tmp_path: Path, jobs: list[Job]) -> None:
    out = tmp_path / "out"
    (tmp_path / "in" / "list.csv").write_text("path,age,seen\na.nii.gz,70,2020-01-02\n")
    listed = list_scans([str(tmp_path / "in" / "list.csv")], None, None)
    books = Books(out, list(listed.columns.values()), listed.values)
    for job in jobs:
        books.enter(done(job))
    books.write()
    assert duckdb.sql(f"SELECT scan, age, year(seen) FROM '{out / 'results.parquet'}' ORDER BY scan").fetchall() == [
        ("a", 70, 2020),
        ("b", None, None),
    ]


def test_another_type_of_a_column_is_refused_before_anything_is_screened(tmp_path: Path, jobs: list[Job]) -> None:
    out, scan = tmp_path / "out", ScanPath(jobs[0].path)
    books = Books(out, [pyarrow.field("age", pyarrow.int64())], {scan: {"age": 70}})
    books.enter(done(jobs[0]))
    books.write()
    with pytest.raises(OutputFailed, match="additional columns of the same types as before"):
        Books(out, [pyarrow.field("age", pyarrow.string())], {}).queue(jobs)
    Books(out, [pyarrow.field("age", pyarrow.float64())], {}).queue(jobs)  # a wider type
    (out / "manifest.parquet").write_bytes(b"no table")
    with pytest.raises(OutputFailed, match="expected a table that Ichor wrote"):
        Books(out, [], {}).queue(jobs)
    assert (out / "manifest.parquet").read_bytes() == b"no table"


def test_an_outcome_in_brief_gives_the_same_rows(tmp_path: Path, jobs: list[Job]) -> None:
    outcome = done(jobs[0])
    in_full, in_brief = (Books(tmp_path / name, [], {}) for name in ("full", "brief"))
    for name, books, one in (("full", in_full, outcome), ("brief", in_brief, outcome.brief())):
        (tmp_path / name).mkdir()
        books.enter(one)
        books.write()
    assert rows(tmp_path / "full", "results.parquet", "*") == rows(tmp_path / "brief", "results.parquet", "*")
    assert outcome.findings is not None and outcome.findings.slices
