"""Voxels on their way to the page: in the order asked for, compressed where the browser takes that, and exact."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from annotated import SCANS, SIZE, Browser, decoded, served
from ichor.annotate.server.voxels import encoded, shown_hu
from ichor.orientation import to_radiological
from ichor.read import open_scan
from ichor.scan import Scan
from ichor.serving.compressed import accepts_gzip
from paths import GE_HEAD_PART
from synthetic_scans import synthetic_head

ONE = f"{SCANS}/1"


@pytest.fixture
def scan() -> Scan:
    return synthetic_head(n=4, size=SIZE)


@pytest.fixture
def ann(scan: Scan, tmp_path: Path) -> Iterator[Browser]:
    with served(tmp_path, scan) as (_, (ann, _)):
        yield ann


@pytest.mark.parametrize("hu", [np.arange(-40, 40).reshape(8, 10), np.array([[-32768, 32767, 0, -1, 1, -32768]])])
def test_every_value_comes_back(hu: np.ndarray) -> None:
    content = encoded(hu.astype(np.int16))
    assert len(content) == 2 * hu.size
    np.testing.assert_array_equal(decoded(content, *hu.shape), hu[None])


def test_slices_come_in_the_requested_order(ann: Browser, scan: Scan) -> None:
    expected = np.rint(to_radiological(np.asarray(scan.hu), scan)).astype(np.int16)
    np.testing.assert_array_equal(ann.voxels(ONE, [2, 0, 3]), expected[[2, 0, 3]])


@pytest.mark.parametrize("query", ["", "?k=-1", "?k=x", "?k=" + "9" * 30, "?" + "&".join(["k=0"] * 17)])
def test_anything_but_a_slice_is_refused(ann: Browser, query: str) -> None:
    ann.get(f"{ONE}/voxels{query}", 422)
    ann.get(f"{ONE}/voxels?k=1&k=4", 404)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("gzip, deflate, br", "gzip"), ("*", "gzip"), ("gzip;q=0", None), ("identity", None), ("gzip; q=no", None)],
)
def test_it_is_compressed_where_the_browser_accepts_that(ann: Browser, accepted: str, expected: str | None) -> None:
    assert accepts_gzip(accepted) is (expected is not None)
    for path in (f"{ONE}/voxels?k=1&k=2", "/js/main.js", "/"):
        headers = {"accept-encoding": accepted}
        with ann.client.stream("GET", path, headers=headers) as answer:
            sent = b"".join(answer.iter_raw())
        plain = ann.client.get(path, headers={"accept-encoding": "identity"}).content
        assert answer.headers.get("content-encoding") == expected and answer.headers["vary"] == "accept-encoding"
        assert answer.headers["cache-control"] == ("no-store" if "/voxels" in path else "private, no-cache")
        assert (gzip.decompress(sent) if expected else sent) == plain
        assert len(sent) < len(plain) or not expected


def test_a_real_head_is_sent_in_fewer_bytes_than_with_plain_gzip() -> None:
    scan = open_scan(GE_HEAD_PART)
    for k in range(scan.n_slices):
        hu = shown_hu(scan, k)
        assert len(gzip.compress(encoded(hu), 1)) < 0.85 * len(gzip.compress(hu.tobytes(), 1)) < 0.5 * hu.nbytes
