"""Tables in the forms that spreadsheets and programs write them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ichor.errors import UnreadableInput
from ichor.validation.table import read_table

ROWS = [("001", "1", "Müller, left"), ("002", "0", "")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_in_any_delimiter_and_encoding(tmp_path: Path, delimiter: str, encoding: str) -> None:
    file = tmp_path / "truth.csv"
    frame = pd.DataFrame(ROWS, columns=["id", "Age\n(years)", "note"])
    frame.to_csv(file, sep=delimiter, encoding=encoding, index=False)
    found = read_table(file)
    assert found.columns == ("id", "Age\n(years)", "note")
    assert found.rows == tuple(ROWS) and found.numbers == (2, 3)


def test_parquet_from_pandas_and_from_duckdb(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["001", "002"], "ich": [True, False], "age": [72.0, None], "n": [1, 2]})
    frame.to_parquet(tmp_path / "pandas.parquet")
    duckdb.sql(f"COPY (SELECT * FROM '{tmp_path}/pandas.parquet') TO '{tmp_path}/duckdb.parquet'")
    for name in ("pandas.parquet", "duckdb.parquet"):
        found = read_table(tmp_path / name)
        assert found.columns == ("id", "ich", "age", "n")
        assert found.rows == (("001", "1", "72", "1"), ("002", "0", "", "2"))


def test_what_spreadsheets_leave_around_a_table(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("\nid,ich,,\n001,1,,\n,,,\n002,0\n\n")
    found = read_table(file)
    assert found.columns == ("id", "ich")
    assert found.rows == (("001", "1"), ("002", "0"))
    assert found.numbers == (2, 4)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "expected a table with a header, found an empty file"),
        (b"id,ich\n", "expected a row for each scan below the header, found none"),
        (b"id,ich,ich\n1,0,0\n", "expected each column once, found 'ich' twice"),
        (b"id,ich\n1,0,what\n", "expected a header with a name for each column"),
        (b'id,ich\n"1,0\n', "expected CSV, found unexpected end of data"),
        (b"PAR1 and nothing else", "expected Parquet, found"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "found a binary file"),
    ],
    ids=["empty", "no rows", "twice", "no name", "open quote", "no parquet", "picture"],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes, expected: str) -> None:
    file = tmp_path / "truth.csv"
    file.write_bytes(content)
    with pytest.raises(UnreadableInput, match=expected) as error:
        read_table(file)
    assert str(error.value).startswith(f"{file}: ") and "\n" not in str(error.value)


def test_a_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"expected a table .CSV or Parquet., found No such file"):
        read_table(tmp_path / "none.csv")
