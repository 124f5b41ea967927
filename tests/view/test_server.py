"""The viewer's server: what it answers, and what it refuses to strangers, other pages and odd requests."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from ichor.annotate.corrections import Corrections
from ichor.serving.address import loopback
from ichor.serving.guards import HEADERS, MOST_BYTES
from ichor.serving.session import Sessions
from ichor.view.results import find_results
from ichor.view.server import VIEWER, create_app
from view.result_files import write_result

PORT = 8799
HOME = f"http://127.0.0.1:{PORT}"
ONE = "/api/results/0"
READS = ["/api/results", ONE, f"{ONE}/scan", f"{ONE}/voxels/hu"]
DECISION = {"about": 1, "decision": "accept", "who": "Ada"}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("view") / "out"
    write_result(out)
    write_result(out, "plain", with_path=False, outputs=("json",))
    (out / "broken").mkdir()
    (out / "broken" / "findings.json").write_text("{")
    return out


@pytest.fixture
def stranger(out: Path) -> Iterator[TestClient]:
    sessions = Sessions(PORT, "view")
    corrections = Corrections(0)
    app = create_app(find_results([out]), [], sessions, loopback(PORT), corrections)
    with TestClient(app, base_url=HOME, headers={"origin": HOME}, raise_server_exceptions=False) as client:
        client.token = sessions.new_tokens([VIEWER])[VIEWER]  # type: ignore[attr-defined]
        yield client
    corrections.close()
    (out / "head" / "decisions.json").unlink(missing_ok=True)
    shutil.rmtree(out / "annotation", ignore_errors=True)


@pytest.fixture
def client(stranger: TestClient) -> TestClient:
    answer = stranger.get("/enter", params={"token": stranger.token}, follow_redirects=False)  # type: ignore[attr-defined]
    stranger.headers["ichor-reader"] = answer.headers["location"].removeprefix("/?reader=")
    return stranger


def test_a_result_with_its_voxels(client: TestClient, out: Path) -> None:
    rows = client.get("/api/results").json()
    assert [one["name"] for one in rows] == ["head", "plain", "broken"] and "reason" in rows[2]
    told, scan = client.get(ONE).json(), client.get(f"{ONE}/scan").json()
    shape = (scan["n"], scan["rows"], scan["columns"])
    labels = np.frombuffer(client.get(f"{ONE}/voxels/labels").content, np.uint8).reshape(shape)
    lesions = np.frombuffer(client.get(f"{ONE}/voxels/lesions").content, np.uint8).reshape(shape)
    assert (labels > 0).sum() == told["volume_px"] and np.array_equal(labels > 0, lesions > 0)
    hu = np.frombuffer(client.get(f"{ONE}/voxels/hu").content, "<i2").reshape(shape)
    assert hu[labels > 0].min() == hu[labels > 0].max() == 65
    assert len(client.get(f"{ONE}/voxels/probability").content) == hu.size
    assert client.get(f"{ONE}/voxels/else").status_code == 404


def test_a_decision_is_stored(client: TestClient, out: Path) -> None:
    answer = client.put(f"{ONE}/decisions", json=DECISION)
    assert answer.status_code == 200 and answer.json()["lesions"]["1"]["who"] == "Ada"
    assert client.get(ONE).json()["decisions"] == answer.json()
    client.put(f"{ONE}/decisions", json={**DECISION, "about": "scan"})
    assert client.get("/api/results").json()[0]["decision"] == "accept"


def test_a_correction_is_started_only_next_to_the_results(client: TestClient, out: Path) -> None:
    assert client.get(f"{ONE}/correction").json() is None
    link = client.post(f"{ONE}/correction", json={"who": "Ada", "slice": 3}).json()["link"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/enter\?token=[\w-]+#/scan/1\?slice=4", link)
    found = client.get(f"{ONE}/correction").json()
    assert (found["who"], found["done"]) == ("Ada", False)
    assert {one.name for one in out.iterdir() if one.is_dir()} == {"head", "plain", "broken", "annotation"}


def test_results_that_cannot_be_opened_say_why(client: TestClient) -> None:
    answer = client.get("/api/results/1/scan")
    assert answer.status_code == 422 and "--scan PATH" in answer.json()["error"]
    answer = client.get("/api/results/2")
    assert answer.status_code == 422 and "expected findings" in answer.json()["error"]


class TestRefusals:
    def test_unknown_senders(self, stranger: TestClient, out: Path) -> None:
        for path in READS:
            assert stranger.get(path).status_code == 401
        assert stranger.put(f"{ONE}/decisions", json=DECISION).status_code == 401
        for token in ("", "x", stranger.token[:-1]):  # type: ignore[attr-defined]
            assert stranger.get("/enter", params={"token": token}).status_code == 403
        assert not (out / "head" / "decisions.json").exists()

    def test_unknown_visitors_and_other_pages_cannot_correct(self, client: TestClient, out: Path) -> None:
        asked = {"who": "Ada", "slice": 0}
        for headers, status in (
            ({"origin": "http://evil.example"}, 403),
            ({"sec-fetch-site": "cross-site"}, 403),
            ({"host": "evil.example"}, 421),
            ({"ichor-reader": "x"}, 401),
        ):
            assert client.post(f"{ONE}/correction", json=asked, headers=headers).status_code == status
        client.cookies.clear()
        assert client.post(f"{ONE}/correction", json=asked).status_code == 401
        assert not (out / "annotation").exists()

    @pytest.mark.parametrize(
        "body",
        [
            {"who": "Ada", "slice": 0, "project": "/tmp/elsewhere"},
            {"who": "../../Ada", "slice": 0},
            {"who": "Ada", "slice": 12},
            {"who": "Ada", "slice": -1},
            {"who": "", "slice": 0},
            {"slice": 0},
            [],
        ],
    )
    def test_corrections(self, client: TestClient, out: Path, body: Any) -> None:
        answer = client.post(f"{ONE}/correction", json=body)
        assert answer.status_code == 422 and "\n" not in answer.json()["error"]
        assert client.get(f"{ONE}/correction").json() is None

    def test_a_link_is_good_once(self, client: TestClient) -> None:
        assert client.get("/enter", params={"token": client.token}).status_code == 403  # type: ignore[attr-defined]

    def test_other_pages_and_names(self, client: TestClient, out: Path) -> None:
        for headers in ({"host": "evil.example"}, {"host": f"127.0.0.1:{PORT + 1}"}):
            assert client.get("/api/results", headers=headers).status_code == 421
        assert client.get("/api/results", headers={"sec-fetch-site": "cross-site"}).status_code == 403
        for origin in ("http://evil.example", "null", ""):
            assert client.put(f"{ONE}/decisions", json=DECISION, headers={"origin": origin}).status_code == 403
        assert client.get("/api/results", headers={"ichor-reader": "x"}).status_code == 401
        assert not (out / "head" / "decisions.json").exists()

    def test_every_response_has_the_headers(self, client: TestClient) -> None:
        for path in (*READS, "/nothing"):
            assert HEADERS.items() <= dict(client.get(path).headers).items()
        for path in ("/", "/js/main.js", "/js/dom.js", "/css/base.css"):
            expected = HEADERS | {"cache-control": "private, no-cache"}
            assert expected.items() <= dict(client.get(path).headers).items()
        assert client.get("/js/main.js").headers["content-type"].startswith("text/javascript")

    @pytest.mark.parametrize("number", ["3", "-1", "99999999999", "x", "..", "0%2f..", "1e1", "%00"])
    def test_numbers_of_no_result(self, client: TestClient, number: str) -> None:
        assert client.get(f"/api/results/{number}").status_code in (404, 405)
        assert client.put(f"/api/results/{number}/decisions", json=DECISION).status_code in (404, 405)

    @pytest.mark.parametrize("path", ["/../server.py", "/..%2fserver.py", "/js/../../server.py", "/%2e%2e/server.py"])
    def test_files_next_to_the_page(self, client: TestClient, path: str) -> None:
        assert client.get(path).status_code == 404

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({**DECISION, "about": 2}, 404),
            ({**DECISION, "about": "else"}, 422),
            ({**DECISION, "who": ""}, 422),
            ({**DECISION, "who": "x" * MOST_BYTES}, 413),
            ([], 422),
            ("x", 422),
        ],
    )
    def test_bodies(self, client: TestClient, out: Path, body: Any, status: int) -> None:
        answer = client.put(f"{ONE}/decisions", json=body)
        assert answer.status_code == status and "\n" not in answer.json()["error"]
        assert not (out / "head" / "decisions.json").exists()
