"""`ichor screen` with scans and results in S3, served by moto as a process, and with scans on a web server."""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from disturbed_batches import TIMES, write_inputs  # noqa: E402

pytestmark = pytest.mark.long

HANG_S = 300


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_inputs(tmp_path_factory.mktemp("scans") / "in")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What tells the libraries where S3 is, which is empty."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    # moto forks for each request if it is asked to reload; it is started as its command does.
    command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)]
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as server:
        try:
            until = time.monotonic() + HANG_S
            while b"Running on" not in log.read_bytes():
                assert server.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
            yield {**os.environ, **keys, "AWS_ENDPOINT_URL": address}
        finally:
            server.terminate()


@pytest.fixture
def s3(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The store, with an empty bucket `archive`."""
    import s3fs

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, environment[name])
    store = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    store.mkdir("archive")
    yield store
    store.rm("archive", recursive=True)


def screen(environment: dict[str, str], *words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ichor", "screen", *map(str, words), "--cluster", "local:1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=HANG_S)
    assert "Traceback" not in done.stderr
    return done


def put(s3: Any, inputs: Path, folder: Path) -> None:
    """Store scans: a file, an archive, a folder of DICOM files, and one that is none."""
    s3.put(str(inputs / "a.nii.gz"), "archive/in/a.nii.gz")
    s3.put(str(inputs / "b.zip"), "archive/in/more/b.zip")
    with zipfile.ZipFile(inputs / "c.zip") as archive:
        archive.extractall(folder)
    s3.put(str(folder), "archive/in/c", recursive=True)
    s3.pipe("archive/in/bad.nii.gz", b"no scan")


def test_scans_and_results_in_s3_are_those_of_files(
    inputs: Path, environment: dict[str, str], s3: Any, tmp_path: Path
) -> None:
    put(s3, inputs, tmp_path / "c")
    done = screen(environment, "s3://archive/in/", "--out", "s3://archive/out")
    assert done.returncode == 1 and "\nfailed: unreadable (1)\n  s3://archive/in/bad.nii.gz: " in done.stderr
    assert screen(environment, inputs, "--out", tmp_path / "files").returncode == 0
    names = {"a", "b", "c"}
    assert {one.split("/")[-1] for one in s3.ls("archive/out")} == {*names, "manifest.parquet", "results.parquet"}
    for name in names:
        files = {one.name: one.read_bytes() for one in (tmp_path / "files" / name).iterdir()}
        stored = {one.split("/")[-1]: s3.cat_file(one) for one in s3.ls(f"archive/out/{name}")}
        assert stored.keys() == files.keys() and stored["mask.nii.gz"] == files["mask.nii.gz"]
        ours, theirs = (json.loads(one["findings.json"]) for one in (stored, files))
        assert ours["scan"].pop("path").startswith("s3://archive/in/") and theirs["scan"].pop("path")
        for one in (ours, theirs):
            del one["timing_s"], one["made_by"]["input_sha256"], one["made_by"]["path_sha256"]
        assert ours == theirs
        assert TIMES.sub("", stored["report.html"].decode()).count("/ichor-unpacked") == 0
    assert not [one for one in s3.find("archive/in") if "ichor" in one]


def test_a_result_in_s3_is_reused_unless_the_scan_has_changed(
    inputs: Path, environment: dict[str, str], s3: Any, tmp_path: Path
) -> None:
    put(s3, inputs, tmp_path / "c")
    s3.rm("archive/in/bad.nii.gz")
    words = ("s3://archive/in/", "--out", "s3://archive/out")
    assert screen(environment, *words).returncode == 0
    s3.pipe("archive/out/a/decisions.json", b'{"kept": true}')
    s3.pipe("archive/out/a/earlier.txt", b"an output of another time")
    s3.put(str(inputs / "d.nii.gz"), "archive/in/a.nii.gz")
    s3.rm("archive/out/b/mask.nii.gz")  # as if the upload had been interrupted
    again = screen(environment, *words)
    assert again.returncode == 0 and again.stderr.count("(done before)") == 1
    assert "] c: " in next(line for line in again.stderr.splitlines() if "(done before)" in line)
    assert json.loads(s3.cat_file("archive/out/a/findings.json"))["scan"]["n_slices"] == 6  # of d
    kept = {one.split("/")[-1] for one in s3.ls("archive/out/a")}
    assert kept == {"decisions.json", "findings.json", "mask.nii.gz", "report.html"}
    manifest = s3.cat_file("archive/out/manifest.parquet")
    (tmp_path / "manifest.parquet").write_bytes(manifest)
    rows = duckdb.sql(f"SELECT scan, status FROM '{tmp_path / 'manifest.parquet'}' ORDER BY scan").fetchall()
    assert rows == [("a", "done"), ("b", "done"), ("c", "done")]


def test_a_list_in_s3_has_addresses_and_columns_and_its_results_may_be_files(
    inputs: Path, environment: dict[str, str], s3: Any, tmp_path: Path
) -> None:
    put(s3, inputs, tmp_path / "c")
    s3.pipe("archive/in/two/1/a.nii.gz", (inputs / "a.nii.gz").read_bytes())
    s3.pipe("archive/in/two/2/d.nii.gz", (inputs / "d.nii.gz").read_bytes())
    listed = "path,age\ns3://archive/in/c,66\ns3://archive/none.zip,50\ns3://archive/in/two,40\ns3://none/x.zip,3\n"
    s3.pipe("archive/list.csv", listed.encode())
    done = screen(environment, "s3://archive/list.csv", "--out", tmp_path / "out")
    assert done.returncode == 1
    rows = duckdb.sql(f"SELECT scan, path, age FROM '{tmp_path / 'out' / 'results.parquet'}'").fetchall()
    assert rows == [("c", "s3://archive/in/c", 66)]
    query = f"SELECT path, code FROM '{tmp_path / 'out' / 'manifest.parquet'}' WHERE code IS NOT NULL ORDER BY path"
    assert duckdb.sql(query).fetchall() == [
        ("s3://archive/in/two", "several scans"),
        ("s3://archive/none.zip", "not found"),
        ("s3://none/x.zip", "not found"),
    ]
    again = screen(environment, "s3://archive/list.csv", "--out", tmp_path / "out", "--no-paths")
    assert "(done before)" not in again.stderr  # the path of its result was to be shown
    for file in (tmp_path / "out").rglob("*"):
        assert file.is_dir() or b"s3://archive/in/c" not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("s3://nowhere/in/", "--out", "out"), "s3://nowhere/in/: expected a file or folder, found nothing there"),
        (("a.nii.gz", "--out", "s3://nowhere/out"), "s3://nowhere/out/.ichor-probe: could not be written"),
        (
            ("a.nii.gz", "--out", "https://127.0.0.1/out"),
            "https://127.0.0.1/out: expected a folder or an s3:// or gs:// address for results",
        ),
        (("gs://bucket/in/", "--out", "out"), "gs://bucket/in/: expected the package gcsfs, found none"),
    ],
    ids=["no bucket", "no bucket for results", "results on a web server", "a package is missing"],
)
def test_an_unusable_store_is_reported_in_one_line(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = screen(environment, *words)
    assert done.returncode == 2 and done.stderr.startswith(f"ichor: {line}") and len(done.stderr.splitlines()) == 1


def test_a_list_may_name_scans_on_a_web_server(inputs: Path, tmp_path: Path) -> None:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(inputs))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "list.csv").write_text(f"path\n{address}/a.nii.gz\n{address}/missing.zip\n")
        words = (tmp_path / "list.csv", "--out", tmp_path / "out")
        done, again = screen(dict(os.environ), *words), screen(dict(os.environ), *words)
        server.shutdown()
    assert done.returncode == 1 and "\nfailed: not found (1)\n" in done.stderr
    found = json.loads((tmp_path / "out" / "a" / "findings.json").read_text())
    assert found["scan"]["path"] == f"{address}/a.nii.gz"
    assert again.stderr.count("(done before)") == 1


def test_addresses_and_lists_need_a_cluster(tmp_path: Path) -> None:
    for words in (("s3://a/b", "--out", "out"), ("list.csv", "--out", "out"), ("a.nii.gz", "--out", "gs://a/b")):
        command = [sys.executable, "-m", "ichor", "screen", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 2 and "expected --cluster for an address or such a list" in done.stderr
