"""What the server refuses: strangers, other pages, tricks in every parameter, bodies too large or malformed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from time import time
from typing import Any

import pytest

from annotated import HOME, PORT, SCANS, SIZE, Browser, drawn, served
from ichor.annotate.project import Project
from ichor.annotate.server.app import MOST_BYTES_OF_SLICES
from ichor.serving import session
from ichor.serving.guards import HEADERS, MOST_BYTES
from ichor.serving.session import Sessions

ONE = f"{SCANS}/1"
# Every way to ask for something of a patient, or to change it.
READS = [SCANS, ONE, f"{ONE}/voxels?k=0", f"{ONE}/layers/mine", f"{ONE}/history", f"{ONE}/consensus", "/api/me"]
WRITES: list[tuple[str, str, Any]] = [
    ("PUT", f"{ONE}/layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1)}),
    ("PUT", f"{ONE}/layers/mine/labels/0", {"base_revision": 0, "labels": {"note": "x"}}),
    ("PUT", f"{ONE}/layers/mine/labels/scan", {"base_revision": 0, "labels": {"note": "x"}}),
    ("PUT", f"{ONE}/person", {"age": 4}),
    ("POST", f"{ONE}/state", {"state": "done"}),
    ("POST", f"{ONE}/seconds", {"seconds": 1}),
    ("POST", f"{ONE}/machine", {}),
    ("POST", f"{ONE}/consensus/take", {"choice": "ann"}),
    ("POST", f"{ONE}/tools/smooth", {"k": 0, "runs": drawn(1)}),
    ("POST", f"{ONE}/tools/interpolate", {"from": {"k": 0, "runs": drawn(1)}, "to": {"k": 2, "runs": drawn(1)}}),
]
TRICKS = [
    "..",
    "../..",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "....//",
    "1%00",
    "1.npz",
    "a'b",
    "1;DROP TABLE change",
    "-1",
    "0",
    "1e3",
]
NUMBERS = ["99", str(2**31), str(2**63), "9" * 400, "１", "nan"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Browser]]:
    with served(tmp_path_factory.mktemp("study")) as (project, (ann, _)):
        yield project, ann


@pytest.fixture
def serving(whole: tuple[Project, Browser]) -> Iterator[tuple[Project, Browser]]:
    """The project, which all tests here leave untouched, and a fresh browser of its first reader."""
    project, ann = whole
    yield project, ann.another()
    assert untouched(project)


@pytest.fixture
def ann(serving: tuple[Project, Browser]) -> Browser:
    return serving[1]


def untouched(project: Project) -> bool:
    return project.history(1) == [] and project.seconds(1, "ann") == 0


class TestStrangers:
    def test_without_a_session_there_is_nothing(self, ann: Browser) -> None:
        ann.client.cookies.clear()
        for path in READS:
            ann.get(path, 401)
        for method, path, body in WRITES:
            assert ann.client.request(method, path, json=body).status_code == 401
        key = ann.client.headers["ichor-reader"]
        for cookie in ("", "x", ";;=", "a" * 5000):
            ann.get(SCANS, 401, headers={"cookie": f"ichor_session_{PORT}_{key}={cookie}"})
        ann.get("/api/sessions", 401)

    def test_a_link_can_be_used_once_and_by_its_token_only(self, ann: Browser) -> None:
        stranger, token = ann.another(stranger=True), ann.new_token()
        for wrong in ("", "x", token[:-1], token + "x", token.lower()):
            answer = stranger.enter(wrong)
            assert answer.status_code == 403
            assert "<script" not in answer.text and "set-cookie" not in answer.headers
        answer = stranger.enter(token)
        assert answer.status_code == 303 and re.fullmatch(r"/\?reader=[0-9a-f]{16}", answer.headers["location"])
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie and token not in cookie
        assert stranger.get("/api/me")["reader"] == "ann"
        again = ann.another(stranger=True)
        assert again.enter(token).status_code == 403
        again.get("/api/me", 401)

    def test_a_request_says_whose_page_it_comes_from(self, serving: tuple[Project, Browser]) -> None:
        project, ann = serving
        (mine,) = ann.get("/api/sessions")
        assert mine == {"key": ann.client.headers["ichor-reader"], "reader": "ann"}
        bea = Browser(ann.app, ann.context, "bea").client.headers["ichor-reader"]
        # Another reader's, one of another project, none, two.
        for wrong in (bea, Sessions(PORT, "another project").key("ann"), "", f"{mine['key']}, {bea}", "x" * 5000):
            for method, path, body in [*(("GET", path, None) for path in READS), *WRITES]:
                answer = ann.client.request(method, path, json=body, headers={"ichor-reader": wrong})
                assert answer.status_code == 401 and "open that reader's own link" in answer.json()["error"]
        ann.client.headers.pop("ichor-reader")
        for method, path, body in [*(("GET", path, None) for path in READS), *WRITES]:
            answer = ann.client.request(method, path, json=body)
            assert answer.status_code == 400 and "reload the page" in answer.json()["error"]
        assert untouched(project)

    def test_a_session_ends_after_seven_days(self, ann: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        assert ann.get("/api/me")["reader"] == "ann"
        monkeypatch.setattr(session, "time", lambda: time() + 7 * 24 * 3600 - 60)
        assert ann.get("/api/me")["reader"] == "ann"
        monkeypatch.setattr(session, "time", lambda: time() + 7 * 24 * 3600 + 1)
        ann.get("/api/me", 401)
        ann.get(ONE, 401)

    def test_the_pages_own_files_are_public(self, ann: Browser) -> None:
        ann.client.cookies.clear()
        for path, kind in (("/", "text/html"), ("/index.html", "text/html"), ("/js/api.js", "text/javascript")):
            answer = ann.get(path)
            assert answer.headers["content-type"].startswith(kind)
            assert "inline" not in answer.headers["content-security-policy"]


class TestOtherPages:
    @pytest.mark.parametrize(
        "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil:{PORT}", ""]
    )
    def test_another_host_is_refused(self, ann: Browser, host: str) -> None:
        for path in (*READS, "/", "/enter"):
            ann.get(path, 421, headers={"host": host})

    @pytest.mark.parametrize(
        "origin",
        [
            None,
            "null",
            "http://evil.example",
            "http://127.0.0.1:1",
            f"https://127.0.0.1:{PORT}",
            f"{HOME}.evil",
            f"http://localhost:{PORT}",
        ],
    )
    def test_another_origin_changes_nothing(self, ann: Browser, origin: str | None) -> None:
        ann.client.headers.pop("origin")
        for method, path, body in WRITES:
            headers = {} if origin is None else {"origin": origin}
            assert ann.client.request(method, path, json=body, headers=headers).status_code == 403

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_another_page_reads_nothing(self, ann: Browser, site: str) -> None:
        for path in READS:
            ann.get(path, 403, headers={"sec-fetch-site": site})

    def test_localhost_is_this_machine_too(self, ann: Browser) -> None:
        by_name = ann.another(home=f"http://localhost:{PORT}")
        by_name.post(f"{ONE}/seconds", {"seconds": 0})

    def test_every_response_has_the_headers_and_no_patient_data_are_cached(self, ann: Browser) -> None:
        for answer in (
            ann.client.get(SCANS),
            ann.client.get("/api/nothing"),
            ann.client.get(f"{SCANS}/99"),
            ann.client.get(SCANS, headers={"host": "evil.example"}),
            ann.client.get(f"{ONE}/voxels?k=0"),
        ):
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
            assert answer.headers["cache-control"] == "no-store"
            assert "access-control-allow-origin" not in answer.headers

    def test_there_is_no_description_of_the_interface(self, ann: Browser) -> None:
        for path in ("/docs", "/redoc", "/openapi.json"):
            ann.get(path, 404)


class TestTricks:
    @pytest.mark.parametrize("trick", TRICKS + NUMBERS)
    def test_in_every_parameter_of_a_path(self, ann: Browser, trick: str) -> None:
        statuses = set()
        for path in (
            f"{SCANS}/{trick}",
            f"{SCANS}/{trick}/voxels?k=0",
            f"{SCANS}/{trick}/history",
            f"{ONE}/layers/{trick}",
            f"/{trick}",
            f"/js/{trick}",
            f"/vendor/{trick}",
        ):
            answer = ann.client.get(path)
            statuses.add(answer.status_code)
            assert "root:" not in answer.text
            assert answer.status_code in (200, 403, 404, 405), (path, answer.status_code, answer.text)
            if answer.status_code == 200:  # the client itself resolves dots: that is the worklist or the page
                assert str(answer.url.path) in ("/", SCANS, ONE, f"{ONE}/", f"{SCANS}/", "/api/", "/js/")
        for path in (
            f"{ONE}/layers/mine/slices/{trick}",
            f"{ONE}/layers/mine/labels/{trick}",
            f"{SCANS}/{trick}/person",
        ):
            if trick not in ("0", "..", "../..", "%2e%2e", "....//"):
                answer = ann.client.put(path, json={"base_revision": 0, "runs": drawn(1), "labels": {}})
                assert answer.status_code in (404, 405), (path, answer.text)
        assert statuses & {403, 404}

    def test_nothing_but_the_page_is_served(self, ann: Browser) -> None:
        for path in (
            "/../project/schema.py",
            "/%2e%2e/project/schema.py",
            "/js/..%2f..%2fproject%2fschema.py",
            "//etc/passwd",
            "/js/%00",
            "/js",
            "/vendor",
            "/index.html/",
            "/project.sqlite",
        ):
            assert ann.client.get(path).status_code == 404

    def test_invalid_layers(self, ann: Browser) -> None:
        for layer in ("a" * 61, "x", "Ann", "consensus ", "'; --", "%", "ann%00"):
            assert ann.client.get(f"{ONE}/layers/{layer}").status_code in (403, 404)

    def test_an_invalid_order(self, ann: Browser) -> None:
        ann.get(f"{SCANS}?order=subject;--", 422)

    def test_invalid_methods(self, ann: Browser) -> None:
        for method in ("DELETE", "PATCH", "TRACE", "OPTIONS"):
            assert ann.client.request(method, ONE).status_code in (404, 405)


class TestBodies:
    @pytest.mark.parametrize(
        "runs",
        [
            [0, SIZE * SIZE - 1],
            [0, SIZE * SIZE + 1],
            [7, SIZE * SIZE],
            [-1, SIZE * SIZE],
            [0, SIZE * SIZE, 1, 0],
            [0, SIZE * SIZE + 5, 1, -5],
            [0],
            [],
            [0, 2**70],
            [0, float(SIZE * SIZE)],
            [0, str(SIZE * SIZE)],
            [False, SIZE * SIZE],
            [[0, SIZE * SIZE]],
            "0",
            None,
        ],
    )
    def test_malformed_runs(self, ann: Browser, runs: object) -> None:
        ann.put(f"{ONE}/layers/mine/slices/0", {"base_revision": 0, "runs": runs}, 422)
        ann.post(f"{ONE}/tools/smooth", {"k": 0, "runs": runs}, 422)
        ends = {"from": {"k": 0, "runs": drawn(1)}, "to": {"k": 3, "runs": runs}}
        ann.post(f"{ONE}/tools/interpolate", ends, 422)

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("layers/mine/slices/0", {"runs": drawn(1)}),
            ("layers/mine/slices/0", {"base_revision": -1, "runs": drawn(1)}),
            ("layers/mine/slices/0", {"base_revision": 2**70, "runs": drawn(1)}),
            ("layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1), "seconds": -1}),
            ("layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1), "seconds": 1e9}),
            ("layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1), "origins": 3}),
            ("layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1), "origins": {1: "by magic"}}),
            ("layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1), "origins": {2: "ai"}}),
            ("layers/mine/slices/0", {"base_revision": 0, "runs": drawn(1), "origins": {7: "ai"}}),
            ("layers/mine/slices/0", []),
            ("layers/mine/labels/0", {"base_revision": 0, "labels": {"subtypes": ["XYZ"]}}),
            ("layers/mine/labels/0", {"base_revision": 0, "labels": {"fracture": "perhaps"}}),
            ("layers/mine/labels/0", {"base_revision": 0, "labels": {"note": "x" * 10_001}}),
            ("layers/mine/labels/0", {"base_revision": 0, "labels": {"quality": ["x"] * 21}}),
            ("layers/mine/labels/0", {"base_revision": 0, "labels": None}),
            ("person", {"age": -1}),
            ("person", {"age": 131}),
            ("person", {"sex": "X"}),
            ("person", {"condition": ["x"]}),
        ],
    )
    def test_malformed_bodies(self, ann: Browser, path: str, body: object) -> None:
        ann.put(f"{ONE}/{path}", body, 422)

    def test_invalid_states_and_times(self, ann: Browser) -> None:
        for body in ({"state": "finished"}, {"state": None}, {}):
            ann.post(f"{ONE}/state", body, 422)
        for text in ("", "x", "[1]", '{"seconds": NaN}', '{"seconds": -1}', '{"seconds": 1e400}', "[" * 60_000):
            assert ann.client.post(f"{ONE}/seconds", content=text).status_code == 422

    @pytest.mark.parametrize(
        "text", [b"{", b"\xff\xfe", b"[" * 60_000, b"NaN", b'{"base_revision": 0, "runs": [0, 1e999]}']
    )
    def test_invalid_json(self, ann: Browser, text: bytes) -> None:
        answer = ann.client.put(
            f"{ONE}/layers/mine/slices/0", content=text, headers={"content-type": "application/json"}
        )
        assert answer.status_code in (400, 422)
        assert "\n" not in answer.json()["error"]

    def test_text_in_no_valid_encoding(self, ann: Browser) -> None:
        text = b'{"base_revision": 0, "labels": {"note": "\\ud800"}}'
        answer = ann.client.put(
            f"{ONE}/layers/mine/labels/0", content=text, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422

    @pytest.mark.parametrize(
        ("path", "most"),
        [("/person", MOST_BYTES), ("/layers/mine/slices/0", MOST_BYTES_OF_SLICES)],
        ids=["person", "slice"],
    )
    @pytest.mark.parametrize("said", [True, False], ids=["said to be", "in pieces"])
    def test_oversized(self, ann: Browser, path: str, most: int, said: bool) -> None:
        piece = b" " * (most // 4 + 1)
        content: Any = piece * 4 if said else iter([piece] * 4)
        answer = ann.client.put(f"{ONE}{path}", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413
        assert "larger than" in answer.json()["error"]


def test_a_server_error_reveals_nothing_about_its_cause(
    serving: tuple[Project, Browser], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("DOE^JANE 1961-01-01")

    ann = serving[1]
    monkeypatch.setattr(Project, "recent", fails)
    answer = ann.client.get(f"{ONE}/history")
    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "the server failed to process this request; nothing was changed"},
    )
    assert "RuntimeError at test_server_guards.py" in caplog.text
    assert "DOE" not in caplog.text + answer.text
